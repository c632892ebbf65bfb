import { arch, cpus, platform, release } from 'node:os';
import { z } from 'zod';
import { fileError } from '../../core/EffvitError.js';
import { snakeCased } from '../../core/keyCase.js';
import type { PerfRun, PerfSeries } from './PerfSeries.js';

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
export type PerfChange = ReturnType<typeof comparePerf>[number];

/** @throws EffvitError BAD_ARGUMENT if `text` is not what `effvit bench --json` printed. */
export function parseEarlierPerf(text: string, path: string): EarlierPerf {
  try {
    return perfJsonSchema.parse(JSON.parse(text));
  } catch (error) {
    const remedy = `write one with \`effvit bench --json > ${path}\``;
    throw fileError('BAD_ARGUMENT', path, `is not an earlier run: ${remedy}`, error);
  }
}

/** The numbers of threads that both runs have. */
export function comparePerf(series: readonly PerfSeries[], earlier: EarlierPerf) {
  return series.flatMap(({ threads, median }) => {
    const before = earlier.series.find((one) => one.threads === threads);
    if (before === undefined) return [];
    const { framesPerSecond } = median;
    const [latencyMs, earlierLatencyMs] = [median.latencyMs.mean, before.latency_ms.mean];
    return [
      {
        threads,
        framesPerSecond,
        earlierFramesPerSecond: before.fps,
        framesPerSecondChange: framesPerSecond / before.fps - 1,
        latencyMs,
        earlierLatencyMs,
        latencyChange: latencyMs / earlierLatencyMs - 1,
      },
    ];
  });
}

/** A series as `effvit bench --json` gives it: the median repetition, then each of them. */
export function seriesJson({ threads, median, runs, framesPerSecondRange: [fpsMin, fpsMax] }: PerfSeries) {
  const quoted = { ...median, fpsMin, fpsMax };
  return { threads, ...figuresJson(quoted), repetitions: runs.map(figuresJson) };
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

/** Figures as JSON names them, to four digits. */
function figuresJson({ frameCount, runTimeMs, framesPerSecond: fps, ...others }: PerfRun): object {
  const text = JSON.stringify({ frameCount, runTimeMs, fps, ...others }, (_, value: unknown) =>
    typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value,
  );
  return snakeCased(JSON.parse(text)) as object;
}
