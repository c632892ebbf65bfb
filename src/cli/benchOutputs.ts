import { extname } from 'node:path';
import { snakeCased } from '../core/keyCase.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import type { BenchChartData } from '../report/charts/benchChart.js';
import { comparePublished, estimatedFigures } from '../report/perf/DeviceFigures.js';
import { machineJson, seriesJson } from '../report/perf/perfJson.js';
import { profilerLog } from '../report/perf/vendorReport.js';
import type { BenchResult } from './measureBench.js';

/** The result as `--json` prints it and `--compare` reads it. */
export function benchJson(
  { model, info, chip, deviceModel, published, series, batches, meanings, board, comparison }: BenchResult,
  options: { readonly coreId: number; readonly warmUp: number },
): object {
  const { backend, manifest } = model;
  const { earlier, changes } = comparison ?? {};
  const estimated = estimatedFigures(deviceModel, published);
  return {
    tool: 'effvit bench',
    version: 1,
    model: manifest.name,
    backend: info.backend,
    simulated: info.isSimulated,
    runtime: info.runtime,
    class_count: info.classCount,
    chip,
    device_model: backend.kind === 'bpu_sim' ? snakeCased(backend.deviceModel) : undefined,
    core_id: options.coreId,
    warm_up_frames: options.warmUp,
    machine: machineJson(),
    board: snakeCased(board),
    series: series.map(seriesJson),
    batches:
      batches.length > 0
        ? batches.map(({ batch, series: one }) => ({ batch, ...seriesJson(one) }))
        : undefined,
    published: published && snakeCased(published),
    estimated: estimated && snakeCased(estimated),
    deviations: comparePublished(series, published),
    meanings,
    compared_with: earlier && {
      model: earlier.model,
      backend: earlier.backend,
      simulated: earlier.simulated,
    },
    changes: changes && snakeCased(changes),
  };
}

export function benchChartData({ model, info, ...result }: BenchResult): BenchChartData {
  const { cpu, cores } = machineJson();
  return {
    ...result,
    model: model.manifest.name,
    runtime: info.runtime,
    machine: `${cpu}, ${cores} cores`,
    isSimulated: info.isSimulated,
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
  for (const [index, profile] of profilePaths(path, threads).entries()) {
    const one = series[index];
    if (one !== undefined)
      await writeFileAtomic(profile, profilerLog(one, model.manifest.name, coreId, info.isSimulated));
  }
}
