import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';

/** A layer's part of the time, microseconds. Layers overlap: the sum is more than the whole. */
export interface LayerTime {
  readonly layer: string;
  readonly computeUs: number;
  readonly loadStoreUs: number;
}

/** The vendor compiler's estimate of the time on a chip; nothing was measured. */
export interface PerfEstimate {
  /** Pictures that one task takes. */
  readonly batch: number;
  /** Frames a second of one core that does nothing else. */
  readonly fps: number;
  /** The whole task, all its frames. */
  readonly taskMs: number;
  readonly ddrBytesPerFrame: number;
  /** Sums over the layers; undefined if the file has none. */
  readonly computeMs: number | undefined;
  readonly loadStoreMs: number | undefined;
  /** Which of the two takes longer in total. */
  readonly boundBy: 'computing' | 'DDR' | undefined;
  /** By the longer of computing and DDR, the longest first. */
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
  const sum = (of: (layer: LayerTime) => number): number =>
    layers.reduce((total, layer) => total + of(layer), 0);
  const compute = sum(({ computeUs }) => computeUs) / 1000;
  const loadStore = sum(({ loadStoreUs }) => loadStoreUs) / 1000;
  const hasLayers = layers.length > 0;
  const longest = (layer: LayerTime): number => Math.max(layer.computeUs, layer.loadStoreUs);
  return {
    batch: summary['frame per run'],
    fps: summary.FPS,
    taskMs: summary['latency (us)'] / 1000,
    ddrBytesPerFrame: summary['DDR bytes per frame'],
    computeMs: hasLayers ? compute : undefined,
    loadStoreMs: hasLayers ? loadStore : undefined,
    boundBy: hasLayers ? (compute > loadStore ? 'computing' : 'DDR') : undefined,
    longestLayers: layers.toSorted((a, b) => longest(b) - longest(a)).slice(0, LONGEST_COUNT),
  };
}

/** Name, operations, two shapes, then the times as `12 us (0.2% of model)`. */
function layerTime(row: readonly unknown[]): LayerTime {
  return { layer: String(row[0]), computeUs: microseconds(row[4]), loadStoreUs: microseconds(row[5]) };
}

function microseconds(text: unknown): number {
  return Number(/^[\d.]+/.exec(String(text).replaceAll(',', ''))?.[0] ?? 0);
}
