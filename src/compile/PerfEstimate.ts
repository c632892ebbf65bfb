import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';

/** Time of a layer, microseconds. Layers overlap, so their sum is more than the time of the task. */
export interface LayerTime {
  readonly layer: string;
  readonly computeUs: number;
  readonly loadStoreUs: number;
}

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

const schema = z.object({
  summary: z.object({
    FPS: z.number(),
    'frame per run': z.number(),
    'latency (us)': z.number(),
    'DDR bytes per frame': z.number(),
    'layer details': z.array(z.array(z.unknown())).optional(),
  }),
});

/**
 * Reads the figures that hbdk-perf writes beside a compiled model.
 *
 * @throws EffvitError TOOL_FAILED if the file has another form
 */
export async function readPerfEstimate(path: string): Promise<PerfEstimate> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw asEffvitError(error, 'TOOL_FAILED', `Cannot read the compiler's figures ${path}`, { file: path });
  }
  return parsePerfEstimate(content, path);
}

export function parsePerfEstimate(content: unknown, path: string): PerfEstimate {
  const parsed = schema.safeParse(content);
  if (!parsed.success) {
    throw new EffvitError(
      'TOOL_FAILED',
      `The compiler's figures ${path} have another form than is known here.`,
      { context: { file: path } },
    );
  }
  const { summary } = parsed.data;
  const layers = (summary['layer details'] ?? []).slice(1).map(layerTime);
  const sum = (of: (layer: LayerTime) => number): number | undefined =>
    layers.length === 0 ? undefined : layers.reduce((total, layer) => total + of(layer), 0) / 1000;
  return {
    batch: summary['frame per run'],
    fps: summary.FPS,
    taskMs: summary['latency (us)'] / 1000,
    ddrBytesPerFrame: summary['DDR bytes per frame'],
    ...boundOf(
      sum(({ computeUs }) => computeUs),
      sum(({ loadStoreUs }) => loadStoreUs),
    ),
    longestLayers: longestOf(layers),
  };
}

/** The estimate of one task whose subgraphs run one after the other; the CPU's time between them is in no estimate. */
export function combinedEstimate(batch: number, parts: readonly PerfEstimate[]): PerfEstimate {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return { ...first, batch };
  const sum = (of: (part: PerfEstimate) => number | undefined): number | undefined =>
    parts.length === 0 || parts.some((part) => of(part) === undefined)
      ? undefined
      : parts.reduce((total, part) => total + (of(part) ?? 0), 0);
  const taskMs = sum((part) => part.taskMs) ?? 0;
  return {
    batch,
    fps: taskMs > 0 ? (1000 * batch) / taskMs : 0,
    taskMs,
    ddrBytesPerFrame: sum((part) => part.ddrBytesPerFrame) ?? 0,
    ...boundOf(
      sum((part) => part.computeMs),
      sum((part) => part.loadStoreMs),
    ),
    longestLayers: longestOf(parts.flatMap(({ longestLayers }) => longestLayers)),
  };
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

/** Columns: name, operations, two shapes, then the times as `12 us (0.2% of model)`. */
function layerTime(row: readonly unknown[]): LayerTime {
  return { layer: String(row[0]), computeUs: microseconds(row[4]), loadStoreUs: microseconds(row[5]) };
}

function microseconds(text: unknown): number {
  return Number(/^[\d.]+/.exec(String(text).replaceAll(',', ''))?.[0] ?? 0);
}
