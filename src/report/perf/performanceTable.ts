import type { ModelManifest, PublishedFigures } from '../../model/ModelManifest.js';
import type { PerfSeries } from './PerfSeries.js';

/** The figures that the model's publisher gives, as measured here and as published; a deviation is a share. */
export interface PerfComparison {
  readonly name: 'single_thread_latency_ms' | 'multi_thread_latency_ms' | 'max_fps';
  readonly threads: number;
  readonly measured: number;
  readonly published: number;
  readonly deviation: number;
}

/** Number of threads at which latency under load is quoted, unless the published figures name another. */
const MULTI_THREADS = 4;

/** What was measured beside what was published; figures that either side lacks are left out. */
export function comparePublished(
  series: readonly PerfSeries[],
  published: PublishedFigures | undefined,
): PerfComparison[] {
  if (published === undefined) return [];
  const { single, multi, fastest } = quoted(series, published);
  const comparisons: PerfComparison[] = [];
  const add = (
    name: PerfComparison['name'],
    one: PerfSeries | undefined,
    measured: number | undefined,
    wanted: number | undefined,
  ): void => {
    if (one === undefined || measured === undefined || wanted === undefined) return;
    comparisons.push({
      name,
      threads: one.threads,
      measured,
      published: wanted,
      deviation: measured / wanted - 1,
    });
  };
  add('single_thread_latency_ms', single, single?.median.latencyMs.mean, published.singleThreadLatencyMs);
  add('multi_thread_latency_ms', multi, multi?.median.latencyMs.mean, published.multiThreadLatencyMs);
  // Fewer threads than the publisher took say nothing of the most that the device can do.
  const isLoaded = series.some(({ threads }) => threads >= (published.multiThreadCount ?? MULTI_THREADS));
  if (isLoaded) add('max_fps', fastest, fastest?.median.framesPerSecond, published.maxFps);
  return comparisons;
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
  manifest: ModelManifest,
  classCount: number,
  series: readonly PerfSeries[],
  published: PublishedFigures | undefined,
  measuredAs: string,
): string[][] {
  const { single, multi, fastest } = quoted(series, published);
  const { widthPx, heightPx } = manifest.input;
  const parameters = manifest.parameterCount === undefined ? '-' : (manifest.parameterCount / 1e6).toFixed(1);
  const shared = [`${widthPx}x${heightPx}`, String(classCount), parameters];
  const multiText =
    multi === undefined ? '-' : `${multi.median.latencyMs.mean.toFixed(2)} (${multi.threads} threads)`;
  const rows = [
    [
      `${manifest.name} (${measuredAs})`,
      ...shared,
      // Accuracy is measured by `effvit eval`, not here.
      '-',
      '-',
      single === undefined ? '-' : single.median.latencyMs.mean.toFixed(2),
      multiText,
      fastest === undefined ? '-' : fastest.median.framesPerSecond.toFixed(2),
    ],
  ];
  if (published === undefined) return rows;
  const { top1FloatPercent, top1QuantizedPercent, multiThreadLatencyMs, multiThreadCount } = published;
  rows.push([
    'published',
    ...shared,
    fixed(top1FloatPercent),
    fixed(top1QuantizedPercent),
    fixed(published.singleThreadLatencyMs),
    multiThreadLatencyMs === undefined
      ? '-'
      : `${multiThreadLatencyMs.toFixed(2)} (${multiThreadCount ?? MULTI_THREADS} threads)`,
    fixed(published.maxFps),
  ]);
  const comparisons = comparePublished(series, published);
  const deviation = (name: PerfComparison['name']): string => {
    const found = comparisons.find((one) => one.name === name);
    return found === undefined ? '-' : signedPercent(found.deviation);
  };
  rows.push([
    'deviation',
    '',
    '',
    '',
    '',
    '',
    deviation('single_thread_latency_ms'),
    deviation('multi_thread_latency_ms'),
    deviation('max_fps'),
  ]);
  return rows;
}

/** E.g. `+1.2 %`. */
export function signedPercent(share: number): string {
  return `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;
}

function quoted(series: readonly PerfSeries[], published: PublishedFigures | undefined) {
  const multiThreads = published?.multiThreadCount ?? MULTI_THREADS;
  const byRate = [...series].sort((a, b) => b.median.framesPerSecond - a.median.framesPerSecond);
  return {
    single: series.find(({ threads }) => threads === 1),
    multi: series.find(({ threads }) => threads === multiThreads && threads > 1),
    fastest: byRate[0],
  };
}

function fixed(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(2);
}
