import { arch, cpus, platform, release } from 'node:os';
import { z } from 'zod';
import { EffvitError } from '../../core/EffvitError.js';
import type { LatencyFigures, PerfRun, PerfSeries } from './PerfSeries.js';

const figure = z.number();
const run = z.looseObject({ fps: figure, latency_ms: z.looseObject({ mean: figure }) });

/** The parts of an earlier run's JSON that a comparison needs. */
const perfJsonSchema = z.looseObject({
  tool: z.literal('effvit bench'),
  model: z.string(),
  backend: z.string(),
  simulated: z.boolean(),
  series: z.array(z.looseObject({ threads: z.number(), ...run.shape })),
});

export type EarlierPerf = z.output<typeof perfJsonSchema>;

/** One number of threads against an earlier run; shares, positive if there is more now. */
export interface PerfChange {
  readonly threads: number;
  readonly framesPerSecond: number;
  readonly earlierFramesPerSecond: number;
  readonly framesPerSecondChange: number;
  readonly latencyMs: number;
  readonly earlierLatencyMs: number;
  readonly latencyChange: number;
}

/** @throws EffvitError BAD_ARGUMENT if `text` is not what `effvit bench --json` printed. */
export function parseEarlierPerf(text: string, path: string): EarlierPerf {
  try {
    return perfJsonSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `${path} is not an earlier run: write one with \`effvit bench --json > ${path}\`.`,
      { context: { file: path }, cause: error },
    );
  }
}

/** The numbers of threads that both runs have. */
export function comparePerf(series: readonly PerfSeries[], earlier: EarlierPerf): PerfChange[] {
  return series.flatMap(({ threads, median }) => {
    const before = earlier.series.find((one) => one.threads === threads);
    if (before === undefined) return [];
    const latencyMs = median.latencyMs.mean;
    return [
      {
        threads,
        framesPerSecond: median.framesPerSecond,
        earlierFramesPerSecond: before.fps,
        framesPerSecondChange: median.framesPerSecond / before.fps - 1,
        latencyMs,
        earlierLatencyMs: before.latency_ms.mean,
        latencyChange: latencyMs / before.latency_ms.mean - 1,
      },
    ];
  });
}

/** A series as `effvit bench --json` gives it: the median repetition, then each of them. */
export function seriesJson({ threads, median, runs, framesPerSecondRange }: PerfSeries) {
  return {
    threads,
    ...runJson(median),
    fps_min: rounded(framesPerSecondRange[0]),
    fps_max: rounded(framesPerSecondRange[1]),
    repetitions: runs.map(runJson),
  };
}

/** What the figures depend on. */
export function machineJson() {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    arch: arch(),
    os: `${platform()} ${release()}`,
    node: process.versions.node,
  };
}

function runJson(one: PerfRun) {
  return {
    frame_count: one.frameCount,
    run_time_ms: rounded(one.runTimeMs),
    fps: rounded(one.framesPerSecond),
    latency_ms: latencyJson(one.latencyMs),
    pipeline_ms: rounded(one.pipelineMs),
    cpu_ms_per_frame: rounded(one.cpuMsPerFrame),
    ...(one.deviceUtilisationPercent !== undefined && {
      device_utilisation_percent: rounded(one.deviceUtilisationPercent),
    }),
  };
}

function latencyJson({ mean, min, p50, p95, p99, max }: LatencyFigures) {
  return {
    mean: rounded(mean),
    min: rounded(min),
    p50: rounded(p50),
    p95: rounded(p95),
    p99: rounded(p99),
    max: rounded(max),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
