import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';

/** The vendor compiler's estimate of a task's time on the chip; nothing was measured. */
export interface PerfEstimate {
  /** Pictures per task. */
  readonly batch: number;
  /** Frames per second of one core that does nothing else. */
  readonly fps: number;
  /** Time of the whole task with all its frames. */
  readonly taskMs: number;
  readonly ddrBytesPerFrame: number;
  /** Sums over the layers; undefined if the compiler wrote none. */
  readonly computeMs: number | undefined;
  readonly loadStoreMs: number | undefined;
  /** Which of the two takes longer in total. */
  readonly boundBy: 'computing' | 'DDR' | undefined;
  /** Sorted by the longer of computing and DDR, longest first. */
  readonly longestLayers: readonly LayerTime[];
}

const LONGEST_COUNT = 5;

/**
 * Times of a layer, microseconds. Layers overlap, so their sum is more than the time of the task. Columns: name,
 * operations, two shapes, then the times as `12 us (0.2% of model)`.
 */
const layerTime = z.array(z.unknown()).transform(([layer, , , , compute, loadStore]) => ({
  layer: String(layer),
  computeUs: microseconds(compute),
  loadStoreUs: microseconds(loadStore),
}));

export type LayerTime = z.output<typeof layerTime>;

const schema = z.object({
  summary: z.object({
    FPS: z.number(),
    'frame per run': z.number(),
    'latency (us)': z.number(),
    'DDR bytes per frame': z.number(),
    'layer details': z.array(layerTime).default([]),
  }),
});

/**
 * Reads the figures that hbdk-perf writes beside a compiled model.
 *
 * @throws EffvitError TOOL_FAILED if the file has another form
 */
export async function readPerfEstimate(path: string): Promise<PerfEstimate> {
  const context = { file: path };
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw asEffvitError(error, 'TOOL_FAILED', `Cannot read the compiler's figures ${path}`, context);
  }
  const { data } = schema.safeParse(content);
  if (data === undefined) {
    const sentence = `The compiler's figures ${path} have another form than is known here.`;
    throw new EffvitError('TOOL_FAILED', sentence, { context });
  }
  const { summary } = data;
  // The first row is the table's head.
  const layers = summary['layer details'].slice(1);
  return {
    batch: summary['frame per run'],
    fps: summary.FPS,
    taskMs: summary['latency (us)'] / 1000,
    ddrBytesPerFrame: summary['DDR bytes per frame'],
    ...boundOf(
      sumOf(layers, ({ computeUs }) => computeUs, 1000),
      sumOf(layers, ({ loadStoreUs }) => loadStoreUs, 1000),
    ),
    longestLayers: longestOf(layers),
  };
}

/** The estimate of one task whose subgraphs run one after the other; the CPU's time between them is in no estimate. */
export function combinedEstimate(batch: number, parts: readonly PerfEstimate[]): PerfEstimate {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return { ...first, batch };
  const taskMs = sumOf(parts, (part) => part.taskMs) ?? 0;
  return {
    batch,
    fps: taskMs > 0 ? (1000 * batch) / taskMs : 0,
    taskMs,
    ddrBytesPerFrame: sumOf(parts, (part) => part.ddrBytesPerFrame) ?? 0,
    ...boundOf(
      sumOf(parts, (part) => part.computeMs),
      sumOf(parts, (part) => part.loadStoreMs),
    ),
    longestLayers: longestOf(parts.flatMap(({ longestLayers }) => longestLayers)),
  };
}

/** Divided by `unit`; undefined if there are no items, or one has no value. */
function sumOf<Item>(
  items: readonly Item[],
  of: (item: Item) => number | undefined,
  unit = 1,
): number | undefined {
  const values = items.map(of).filter((value) => value !== undefined);
  if (values.length === 0 || values.length < items.length) return undefined;
  return values.reduce((total, value) => total + value, 0) / unit;
}

function boundOf(
  computeMs: number | undefined,
  loadStoreMs: number | undefined,
): Pick<PerfEstimate, 'computeMs' | 'loadStoreMs' | 'boundBy'> {
  if (computeMs === undefined || loadStoreMs === undefined) {
    return { computeMs: undefined, loadStoreMs: undefined, boundBy: undefined };
  }
  return { computeMs, loadStoreMs, boundBy: computeMs > loadStoreMs ? 'computing' : 'DDR' };
}

function longestOf(layers: readonly LayerTime[]): LayerTime[] {
  const longest = ({ computeUs, loadStoreUs }: LayerTime): number => Math.max(computeUs, loadStoreUs);
  return layers.toSorted((a, b) => longest(b) - longest(a)).slice(0, LONGEST_COUNT);
}

function microseconds(text: unknown): number {
  return Number(/^[\d.]+/.exec(String(text).replaceAll(',', ''))?.[0] ?? 0);
}
