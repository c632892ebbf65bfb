import type { PublishedFigures } from '../../model/ModelManifest.js';
import type { BatchSeries } from '../perf/batchTable.js';
import type { PerfRun, PerfSeries } from '../perf/PerfSeries.js';
import { CHART_COLOURS, niceTicks, svgDocument, svgText } from './svgChart.js';

export interface BenchChartData {
  readonly model: string;
  readonly runtime: string;
  readonly machine: string;
  readonly isSimulated: boolean;
  readonly series: readonly PerfSeries[];
  /** The same with tasks of several frames. */
  readonly batches?: readonly BatchSeries[];
  /** Published figures of the same model. */
  readonly published?: PublishedFigures | undefined;
}

/** Of the highest rate: with fewer threads the device still waits, with more it only queues. */
const SATURATED_SHARE = 0.95;
const WIDTH_PX = 960;
const HEIGHT_PX = 430;
const TEXT_WIDTH_PX = WIDTH_PX - 48;
const PLOT_WIDTH_PX = 380;
const PLOT_HEIGHT_PX = 240;
const PLOT_TOP_PX = 106;
/** Of the lines of larger batches, in their order. */
const BATCH_COLOURS = ['#7a3fb0', '#a3187a', '#6b6b00', '#0a7d8c'] as const;

/** The smallest number of threads that gives 95 % of the highest rate; undefined with fewer than two. */
export function saturationPoint(series: readonly PerfSeries[]): PerfSeries | undefined {
  if (series.length < 2) return undefined;
  const highest = Math.max(...series.map(({ median }) => median.framesPerSecond));
  return series
    .toSorted((a, b) => a.threads - b.threads)
    .find(({ median }) => median.framesPerSecond >= SATURATED_SHARE * highest);
}

interface Dot {
  readonly threads: number;
  readonly value: number;
}

interface Line {
  readonly name: string;
  readonly colour: string;
  readonly dots: readonly Dot[];
  /** Not joined: figures that somebody else measured. */
  readonly isQuoted?: boolean;
  /** A value for every number of threads. */
  readonly level?: number;
}

/** Frames a second and latency over the number of threads as an SVG picture. */
export function benchChart(data: BenchChartData): string {
  const { isSimulated, published, batches = [] } = data;
  const series = data.series.toSorted((a, b) => a.threads - b.threads);
  const dots = (of: readonly PerfSeries[], pick: (run: PerfRun) => number): Dot[] =>
    of.map(({ threads, median }) => ({ threads, value: pick(median) }));
  const ours = isSimulated ? 'simulated' : 'measured';
  const { first, second, third } = CHART_COLOURS;
  const sizes = [...new Set(batches.map(({ batch }) => batch))].filter((batch) => batch > 1);
  const ofBatches = (pick: (run: PerfRun) => number): Line[] =>
    sizes.map((size, index) => ({
      name: `batch ${size}`,
      colour: BATCH_COLOURS[index % BATCH_COLOURS.length] ?? first,
      dots: dots(
        batches.filter(({ batch }) => batch === size).map((one) => one.series),
        pick,
      ),
    }));
  const rate = (run: PerfRun): number => run.framesPerSecond;
  const meanMs = (run: PerfRun): number => run.latencyMs.mean;
  const level = published?.maxFps;
  const rates: Line[] = [
    { name: ours, colour: first, dots: dots(series, rate) },
    ...ofBatches(rate),
    ...(level === undefined
      ? []
      : [{ name: 'published maximum', colour: second, dots: [], level, isQuoted: true }]),
  ];
  const latencies: Line[] = [
    { name: `${ours}, mean`, colour: first, dots: dots(series, meanMs) },
    { name: `${ours}, 95 %`, colour: third, dots: dots(series, (run) => run.latencyMs.p95) },
    ...ofBatches(meanMs),
    { name: 'published', colour: second, dots: publishedLatencies(published), isQuoted: true },
  ];
  const saturated = saturationPoint(series);
  const simulated = isSimulated ? 'SIMULATED: ' : '';
  const title = `${simulated}${data.model}, frames a second and latency by threads`;
  const source = published === undefined ? '' : `published: ${published.source}`;
  return svgDocument(WIDTH_PX, HEIGHT_PX, title, [
    svgText(24, 34, `${simulated}${data.model}`, { sizePx: 20, isBold: true, maxWidthPx: TEXT_WIDTH_PX }),
    svgText(24, 56, `${data.runtime}; ${data.machine}`, {
      colour: CHART_COLOURS.dim,
      maxWidthPx: TEXT_WIDTH_PX,
    }),
    plot(64, 'frames a second', rates, series, saturated),
    plot(WIDTH_PX - PLOT_WIDTH_PX - 36, 'latency of the forward pass, ms', latencies, [], saturated),
    svgText(24, HEIGHT_PX - 14, source, { sizePx: 11, colour: CHART_COLOURS.dim, maxWidthPx: TEXT_WIDTH_PX }),
  ]);
}

function publishedLatencies(published: Partial<PublishedFigures> = {}): Dot[] {
  return [
    { threads: 1, value: published.singleThreadLatencyMs },
    { threads: published.multiThreadCount, value: published.multiThreadLatencyMs },
  ].filter((dot): dot is Dot => dot.threads !== undefined && dot.value !== undefined);
}

/** @param ranges whose lowest and highest rates are drawn. */
function plot(
  left: number,
  title: string,
  lines: readonly Line[],
  ranges: readonly Pick<PerfSeries, 'threads' | 'framesPerSecondRange'>[],
  saturated: PerfSeries | undefined,
): string {
  const shown = lines.filter(({ dots, level }) => dots.length > 0 || level !== undefined);
  const levels = shown.flatMap(({ level }) => level ?? []);
  const all = shown.flatMap(({ dots }) => dots);
  const bottom = PLOT_TOP_PX + PLOT_HEIGHT_PX;
  const parts = [svgText(left, PLOT_TOP_PX - 28, title, { sizePx: 14, isBold: true })];
  if (all.length === 0) {
    parts.push(svgText(left, PLOT_TOP_PX + 20, 'nothing was measured', { colour: CHART_COLOURS.dim }));
    return parts.join('\n');
  }
  const threadCounts = [...new Set(all.map(({ threads }) => threads))].sort((a, b) => a - b);
  const lastThreads = threadCounts.at(-1) ?? 1;
  const ticks = niceTicks(
    Math.max(
      ...all.map(({ value }) => value),
      ...ranges.map(({ framesPerSecondRange: range }) => range[1]),
      ...levels,
    ),
  );
  const top = ticks.at(-1) ?? 1;
  const x = (threads: number): number => left + (threads / (lastThreads + 0.5)) * PLOT_WIDTH_PX;
  const y = (value: number): number => bottom - (value / top) * PLOT_HEIGHT_PX;
  const across = (value: number, style: string): string =>
    `<line x1="${left}" x2="${left + PLOT_WIDTH_PX}" y1="${y(value)}" y2="${y(value)}" ${style}/>`;
  for (const tick of ticks) {
    parts.push(
      across(tick, `stroke="${CHART_COLOURS.line}"`),
      svgText(left - 8, y(tick) + 4, String(tick), { anchor: 'end', sizePx: 12 }),
    );
  }
  for (const threads of threadCounts) {
    parts.push(svgText(x(threads), bottom + 18, String(threads), { anchor: 'middle', sizePx: 12 }));
  }
  parts.push(svgText(left + PLOT_WIDTH_PX / 2, bottom + 38, 'threads', { anchor: 'middle', sizePx: 12 }));
  if (saturated !== undefined) {
    const at = x(saturated.threads).toFixed(1);
    parts.push(
      `<line x1="${at}" x2="${at}" y1="${PLOT_TOP_PX}" y2="${bottom}" stroke="${CHART_COLOURS.dim}" stroke-dasharray="4 4"/>`,
      svgText(Math.min(x(saturated.threads) + 6, left + PLOT_WIDTH_PX - 96), bottom - 8, 'saturated here', {
        sizePx: 12,
        colour: CHART_COLOURS.dim,
      }),
    );
  }
  for (const { threads, framesPerSecondRange: range } of ranges) {
    parts.push(
      `<line x1="${x(threads)}" x2="${x(threads)}" y1="${y(range[0])}" y2="${y(range[1])}" stroke="${CHART_COLOURS.first}" stroke-width="2"/>`,
    );
  }
  let legendX = left;
  for (const { name, colour, dots, isQuoted, level } of shown) {
    if (level !== undefined) {
      parts.push(across(level, `stroke="${colour}" stroke-width="2" stroke-dasharray="8 4"`));
    }
    const sorted = dots.toSorted((a, b) => a.threads - b.threads);
    if (isQuoted !== true) {
      const path = sorted.map(({ threads, value }) => `${x(threads).toFixed(1)},${y(value).toFixed(1)}`);
      parts.push(`<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    }
    parts.push(mark(legendX + 5, PLOT_TOP_PX - 15, colour, isQuoted));
    parts.push(svgText(legendX + 15, PLOT_TOP_PX - 11, name, { sizePx: 12 }));
    legendX += 34 + name.length * 8;
    for (const { threads, value } of sorted) parts.push(mark(x(threads), y(value), colour, isQuoted));
  }
  return parts.join('\n');
}

function mark(x: number, y: number, colour: string, isQuoted = false): string {
  const [left, top] = [x.toFixed(1), y.toFixed(1)];
  return isQuoted
    ? `<rect x="${(x - 5).toFixed(1)}" y="${(y - 5).toFixed(1)}" width="10" height="10" transform="rotate(45 ${left} ${top})" fill="none" stroke="${colour}" stroke-width="2"/>`
    : `<circle cx="${left}" cy="${top}" r="4.5" fill="${colour}"/>`;
}
