import type { DeviceModel, ModelManifest, PublishedFigures } from '../../model/ModelManifest.js';
import type { PerfSeries } from './PerfSeries.js';

const MS_PER_S = 1000;
/** Number of threads at which latency under load is reported, unless the published figures name another. */
const MULTI_THREADS = 4;

/** What publishers say of a model on a device; the same figures are measured and estimated here. */
export type DeviceFigures = {
  readonly [Name in Exclude<keyof PublishedFigures, 'source'>]?: number | undefined;
};

/**
 * The figures of a bench, from the compiler's estimate; undefined if the times are not one. A frame alone takes the
 * device's time and the host's; with more threads than keep the cores busy each waits for the others.
 */
export function estimatedFigures(
  deviceModel: DeviceModel | undefined,
  published: PublishedFigures | undefined,
): DeviceFigures | undefined {
  if (deviceModel?.kind !== 'estimate') return undefined;
  const { cores, serviceMs, hostMs } = deviceModel;
  const multiThreadCount = multiThreads(published);
  const alone = serviceMs + hostMs;
  return {
    singleThreadLatencyMs: alone,
    multiThreadLatencyMs: Math.max(alone, (multiThreadCount * serviceMs) / cores),
    multiThreadCount,
    maxFps: (MS_PER_S * cores) / serviceMs,
  };
}

function multiThreads(published: PublishedFigures | undefined): number {
  return published?.multiThreadCount ?? MULTI_THREADS;
}

function measuredFigures(series: readonly PerfSeries[], multiThreadCount: number): DeviceFigures {
  const latencyOf = (count: number): number | undefined =>
    series.find(({ threads }) => threads === count)?.median.latencyMs.mean;
  return {
    singleThreadLatencyMs: latencyOf(1),
    multiThreadLatencyMs: multiThreadCount > 1 ? latencyOf(multiThreadCount) : undefined,
    multiThreadCount,
    maxFps: fastestOf(series)?.median.framesPerSecond,
  };
}

function fastestOf(series: readonly PerfSeries[]): PerfSeries | undefined {
  return [...series].sort((a, b) => b.median.framesPerSecond - a.median.framesPerSecond)[0];
}

/** A figure as measured here and as published; the deviation is a share. */
export interface PerfComparison {
  readonly name: 'single_thread_latency_ms' | 'multi_thread_latency_ms' | 'max_fps';
  readonly threads: number;
  readonly measured: number;
  readonly published: number;
  readonly deviation: number;
}

/** What was measured beside what was published; figures that either side lacks are left out. */
export function comparePublished(
  series: readonly PerfSeries[],
  published: PublishedFigures | undefined,
): PerfComparison[] {
  const multi = multiThreads(published);
  const measured = measuredFigures(series, multi);
  const fastest = fastestOf(series)?.threads ?? 0;
  // Fewer threads than the publisher took say nothing of the most that the device can do.
  const isLoaded = series.some(({ threads }) => threads >= multi);
  return (
    [
      ['single_thread_latency_ms', 1, measured.singleThreadLatencyMs, published?.singleThreadLatencyMs],
      ['multi_thread_latency_ms', multi, measured.multiThreadLatencyMs, published?.multiThreadLatencyMs],
      ['max_fps', fastest, isLoaded ? measured.maxFps : undefined, published?.maxFps],
    ] as const
  ).flatMap(([name, threads, ours, theirs]) =>
    ours === undefined || theirs === undefined
      ? []
      : [{ name, threads, measured: ours, published: theirs, deviation: ours / theirs - 1 }],
  );
}

export const PERFORMANCE_HEAD = [
  'model',
  'size',
  'categories',
  'params (M)',
  'float top-1',
  'quant top-1',
  'latency 1 thread (ms)',
  'latency multi (ms)',
  'FPS',
] as const;

/** Rows under {@link PERFORMANCE_HEAD}: measured here, and published and the deviation if there is something. */
export function performanceRows(
  { name, input, parameterCount }: ModelManifest,
  classCount: number,
  series: readonly PerfSeries[],
  published: PublishedFigures | undefined,
  measuredAs: string,
): string[][] {
  const parameters = parameterCount === undefined ? '-' : (parameterCount / 1e6).toFixed(1);
  const row = (title: string, figures: DeviceFigures): string[] => [
    title,
    `${input.widthPx}x${input.heightPx}`,
    String(classCount),
    parameters,
    // Accuracy is measured by `effvit eval`, not here.
    fixed(figures.top1FloatPercent),
    fixed(figures.top1QuantizedPercent),
    fixed(figures.singleThreadLatencyMs),
    figures.multiThreadLatencyMs === undefined
      ? '-'
      : `${fixed(figures.multiThreadLatencyMs)} (${figures.multiThreadCount} threads)`,
    fixed(figures.maxFps),
  ];
  const multi = multiThreads(published);
  const measured = row(`${name} (${measuredAs})`, measuredFigures(series, multi));
  if (published === undefined) return [measured];
  const comparisons = comparePublished(series, published);
  const deviation = (wanted: PerfComparison['name']): string => {
    const found = comparisons.find((one) => one.name === wanted);
    return found === undefined ? '-' : signedPercent(found.deviation);
  };
  return [
    measured,
    row('published', { ...published, multiThreadCount: multi }),
    [
      ...['deviation', '', '', '', '', ''],
      deviation('single_thread_latency_ms'),
      deviation('multi_thread_latency_ms'),
      deviation('max_fps'),
    ],
  ];
}

/** The same figures by source, each in its own column. @param measuredAs `SIMULATED`, or what else was measured */
export function figureColumns(
  series: readonly PerfSeries[],
  measuredAs: string,
  published: PublishedFigures | undefined,
  deviceModel: DeviceModel | undefined,
): { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const threads = multiThreads(published);
  const estimate = estimatedFigures(deviceModel, published);
  const sources = [published, estimate, measuredFigures(series, threads)];
  const row = (name: string, figure: keyof DeviceFigures): string[] => [
    name,
    ...sources.map((figures) => fixed(figures?.[figure])),
  ];
  // Batches are the compiler's alone: nobody has published any.
  const batches = (estimate && deviceModel?.batches) ?? [];
  return {
    head: ['figure', 'published (board)', "compiler's estimate", measuredAs],
    rows: [
      row('latency, 1 thread, ms', 'singleThreadLatencyMs'),
      row(`latency, ${threads} threads, ms`, 'multiThreadLatencyMs'),
      row('frames a second', 'maxFps'),
      ...batches.map(({ batch, serviceMs }) => {
        const fps = (MS_PER_S * batch) / serviceMs;
        return [`frames a second, batch ${batch}`, '-', fixed(fps), '-'];
      }),
    ],
  };
}

/** E.g. `+1.2 %`. */
export function signedPercent(share: number): string {
  return `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;
}

function fixed(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(2);
}
