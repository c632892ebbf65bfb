import type { DeviceModel, PublishedFigures } from '../../model/ModelManifest.js';
import type { PerfSeries } from './PerfSeries.js';

/** What follows from a device's times for a bench on it. */
export interface DeviceFigures {
  readonly singleThreadLatencyMs: number;
  readonly multiThreadLatencyMs: number;
  readonly multiThreadCount: number;
  readonly maxFps: number;
}

const MS_PER_S = 1000;

/**
 * The figures of a bench, from the compiler's estimate; undefined if the times are not one. A frame alone takes the
 * device's time and the host's; with more threads than keep the cores busy each waits for the others.
 */
export function estimatedFigures(
  deviceModel: DeviceModel | undefined,
  multiThreadCount: number,
): DeviceFigures | undefined {
  if (deviceModel?.kind !== 'estimate') return undefined;
  const { cores, serviceMs, hostMs } = deviceModel;
  const alone = serviceMs + hostMs;
  return {
    singleThreadLatencyMs: alone,
    multiThreadLatencyMs: Math.max(alone, (multiThreadCount * serviceMs) / cores),
    multiThreadCount,
    maxFps: (MS_PER_S * cores) / serviceMs,
  };
}

/** Number of threads at which latency under load is reported, unless the published figures name another. */
const MULTI_THREADS = 4;

export interface FigureSources {
  readonly series: readonly PerfSeries[];
  /** `SIMULATED`, or what else was measured. */
  readonly measuredAs: string;
  readonly published: PublishedFigures | undefined;
  readonly deviceModel: DeviceModel | undefined;
}

/** The same figures by source, each source in its own column. */
export function figureColumns({ series, measuredAs, published, deviceModel }: FigureSources): {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  const threads = published?.multiThreadCount ?? MULTI_THREADS;
  const estimate = estimatedFigures(deviceModel, threads);
  const latencyOf = (count: number): number | undefined =>
    series.find((one) => one.threads === count)?.median.latencyMs.mean;
  const fastest = Math.max(...series.map(({ median }) => median.framesPerSecond));
  const row = (name: string, ...values: readonly (number | undefined)[]): string[] => [
    name,
    ...values.map((value) => value?.toFixed(2) ?? '-'),
  ];
  return {
    head: ['figure', 'published (board)', "compiler's estimate", measuredAs],
    rows: [
      row(
        'latency, 1 thread, ms',
        published?.singleThreadLatencyMs,
        estimate?.singleThreadLatencyMs,
        latencyOf(1),
      ),
      row(
        `latency, ${threads} threads, ms`,
        published?.multiThreadLatencyMs,
        estimate?.multiThreadLatencyMs,
        latencyOf(threads),
      ),
      row('frames a second', published?.maxFps, estimate?.maxFps, fastest),
      // Batches are the compiler's alone: nobody has published any.
      ...(estimate === undefined ? [] : (deviceModel?.batches ?? [])).map(({ batch, serviceMs }) =>
        row(`frames a second, batch ${batch}`, undefined, (MS_PER_S * batch) / serviceMs, undefined),
      ),
    ],
  };
}
