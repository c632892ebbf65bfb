import { extname } from 'node:path';
import { snakeCased } from '../core/keyCase.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import type { PublishedFigures } from '../model/ModelManifest.js';
import type { BenchChartData, BenchPoint } from '../report/charts/benchChart.js';
import { estimatedFigures } from '../report/perf/figureColumns.js';
import type { PerfSeries } from '../report/perf/PerfSeries.js';
import { machineJson, seriesJson } from '../report/perf/perfJson.js';
import { comparePublished } from '../report/perf/performanceTable.js';
import { profilerLog } from '../report/perf/vendorReport.js';
import type { BenchResult } from './showBench.js';

/** Number of threads for the latency under load, if the published figures name none. */
const MULTI_THREADS = 4;

/** The result as `--json` prints it and `--compare` reads it. */
export function benchJson(
  { model, info, chip, published, series, batches, meanings, board, comparison }: BenchResult,
  options: { readonly coreId: number; readonly warmUp: number },
) {
  const estimated = estimatedFigures(
    chip === undefined ? undefined : model.manifest.deviceModels[chip],
    published?.multiThreadCount ?? MULTI_THREADS,
  );
  return {
    tool: 'effvit bench',
    version: 1,
    model: model.manifest.name,
    backend: info.backend,
    simulated: info.isSimulated,
    runtime: info.runtime,
    class_count: info.classCount,
    ...(chip !== undefined && { chip }),
    ...(model.backend.kind === 'bpu_sim' && { device_model: snakeCased(model.backend.deviceModel) }),
    core_id: options.coreId,
    warm_up_frames: options.warmUp,
    machine: machineJson(),
    board: snakeCased(board),
    series: series.map(seriesJson),
    ...(batches.length > 0 && {
      batches: batches.map(({ batch, series: one }) => ({ batch, ...seriesJson(one) })),
    }),
    ...(published !== undefined && { published: snakeCased(published) }),
    ...(estimated !== undefined && { estimated: snakeCased(estimated) }),
    deviations: comparePublished(series, published),
    meanings,
    ...(comparison !== undefined && {
      compared_with: {
        model: comparison.earlier.model,
        backend: comparison.earlier.backend,
        simulated: comparison.earlier.simulated,
      },
      changes: snakeCased(comparison.changes),
    }),
  };
}

export function benchChartData({ model, info, published, series, batches }: BenchResult): BenchChartData {
  const { cpu, cores } = machineJson();
  const sizes = [...new Set(batches.map(({ batch }) => batch))].filter((batch) => batch > 1);
  return {
    model: model.manifest.name,
    runtime: info.runtime,
    machine: `${cpu}, ${cores} cores`,
    isSimulated: info.isSimulated,
    points: series.map(benchPoint),
    ...(sizes.length > 0 && {
      batches: sizes.map((batch) => ({
        batch,
        points: batches.filter((one) => one.batch === batch).map((one) => benchPoint(one.series)),
      })),
    }),
    ...(published !== undefined && { published: quotedFigures(published) }),
  };
}

function benchPoint({ threads, median, framesPerSecondRange }: PerfSeries): BenchPoint {
  return {
    threads,
    framesPerSecond: median.framesPerSecond,
    framesPerSecondRange,
    latencyMeanMs: median.latencyMs.mean,
    latencyP95Ms: median.latencyMs.p95,
  };
}

function quotedFigures(published: PublishedFigures): NonNullable<BenchChartData['published']> {
  const { source, singleThreadLatencyMs, multiThreadLatencyMs, multiThreadCount, maxFps } = published;
  return {
    source,
    ...(maxFps !== undefined && { maxFramesPerSecond: maxFps }),
    latencies: [
      ...(singleThreadLatencyMs === undefined ? [] : [{ threads: 1, latencyMs: singleThreadLatencyMs }]),
      ...(multiThreadLatencyMs === undefined || multiThreadCount === undefined
        ? []
        : [{ threads: multiThreadCount, latencyMs: multiThreadLatencyMs }]),
    ],
  };
}

/** One file for each number of threads. */
export function profilePaths(path: string, threads: readonly number[]): string[] {
  if (threads.length === 1) return [path];
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  return threads.map((count) => `${stem}.${count}${extension}`);
}

export async function writeProfiles(
  path: string,
  { series, model, info }: BenchResult,
  coreId: number,
): Promise<void> {
  const threads = series.map((one) => one.threads);
  const paths = profilePaths(path, threads);
  for (const [index, one] of series.entries()) {
    const log = profilerLog(one, model.manifest.name, coreId, info.isSimulated);
    await writeFileAtomic(paths[index] ?? path, log);
  }
}
