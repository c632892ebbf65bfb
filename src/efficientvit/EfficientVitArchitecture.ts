import type { EfficientVitVariant } from '../model/ModelManifest.js';

/** One value for each of the three stages. */
type PerStage = readonly [number, number, number];

/**
 * What tells the variants apart (Liu et al., "EfficientViT: Memory Efficient Vision Transformer with Cascaded
 * Group Attention", CVPR 2023, table 1; kernels and windows as in timm).
 */
export interface EfficientVitArchitecture {
  readonly variant: EfficientVitVariant;
  /** Channels. */
  readonly widths: PerStage;
  /** Blocks. */
  readonly depths: PerStage;
  /** Attention heads; each divides its stage's width. */
  readonly heads: PerStage;
  /** Largest side of an attention window, in pixels of the stage. */
  readonly windows: PerStage;
  /** Side of the depthwise kernel on each head's queries, by head. */
  readonly queryKernels: readonly [number, number, number, number];
}

const WINDOWS: PerStage = [7, 7, 7];

export const EFFICIENTVIT_ARCHITECTURES: Readonly<Record<EfficientVitVariant, EfficientVitArchitecture>> = {
  m0: {
    variant: 'm0',
    widths: [64, 128, 192],
    depths: [1, 2, 3],
    heads: [4, 4, 4],
    windows: WINDOWS,
    queryKernels: [5, 5, 5, 5],
  },
  m1: {
    variant: 'm1',
    widths: [128, 144, 192],
    depths: [1, 2, 3],
    heads: [2, 3, 3],
    windows: WINDOWS,
    queryKernels: [7, 5, 3, 3],
  },
  m2: {
    variant: 'm2',
    widths: [128, 192, 224],
    depths: [1, 2, 3],
    heads: [4, 3, 2],
    windows: WINDOWS,
    queryKernels: [7, 5, 3, 3],
  },
  m3: {
    variant: 'm3',
    widths: [128, 240, 320],
    depths: [1, 2, 3],
    heads: [4, 3, 4],
    windows: WINDOWS,
    queryKernels: [5, 5, 5, 5],
  },
  m4: {
    variant: 'm4',
    widths: [128, 256, 384],
    depths: [1, 2, 3],
    heads: [4, 4, 4],
    windows: WINDOWS,
    queryKernels: [7, 5, 3, 3],
  },
  m5: {
    variant: 'm5',
    widths: [192, 288, 384],
    depths: [1, 3, 4],
    heads: [3, 3, 4],
    windows: WINDOWS,
    queryKernels: [7, 5, 3, 3],
  },
};

/** Channels of each head's queries and keys, in every variant and stage. */
export const KEY_CHANNELS = 16;

/** Input side for which the attention windows are defined. */
export const INPUT_SIDE_PX = 224;

/** One stage, with everything derived from the table. */
export interface EfficientVitStage {
  readonly index: number;
  readonly width: number;
  /** Channels before the stage's downsampling; null for the first stage, which has none. */
  readonly widthBefore: number | null;
  readonly depth: number;
  readonly heads: number;
  /** Channels of one head: of its input and of its values. */
  readonly headWidth: number;
  /** Side of the stage's feature map, in pixels. */
  readonly sidePx: number;
  /** Side of an attention window; divides {@link sidePx}. */
  readonly windowPx: number;
}

/** The three stages: feature maps of 14, 7 and 4 pixels a side. */
export function stagesOf(architecture: EfficientVitArchitecture): EfficientVitStage[] {
  const stages: EfficientVitStage[] = [];
  // The patch embedding halves the picture four times, each later stage once (rounded up: stride 2, padding 1).
  let sidePx = INPUT_SIDE_PX / 16;
  for (const index of [0, 1, 2] as const) {
    const width = architecture.widths[index];
    const heads = architecture.heads[index];
    if (index > 0) sidePx = Math.ceil(sidePx / 2);
    stages.push({
      index,
      width,
      widthBefore: stages.at(-1)?.width ?? null,
      depth: architecture.depths[index],
      heads,
      headWidth: width / heads,
      sidePx,
      windowPx: Math.min(architecture.windows[index], sidePx),
    });
  }
  return stages;
}

/** Hidden channels of the squeeze-and-excitation gate: a quarter, rounded to a multiple of 8. */
export function squeezeChannels(channels: number): number {
  return Math.max(8, Math.floor((channels / 4 + 4) / 8) * 8);
}
