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
  /** Side of the depthwise kernel on each head's queries, by head. */
  readonly queryKernels: readonly [number, number, number, number];
}

const SMALL_KERNELS = [5, 5, 5, 5] as const;
const FALLING_KERNELS = [7, 5, 3, 3] as const;

function architecture(
  variant: EfficientVitVariant,
  widths: PerStage,
  depths: PerStage,
  heads: PerStage,
  queryKernels: EfficientVitArchitecture['queryKernels'],
): EfficientVitArchitecture {
  return { variant, widths, depths, heads, queryKernels };
}

export const EFFICIENTVIT_ARCHITECTURES: Readonly<Record<EfficientVitVariant, EfficientVitArchitecture>> = {
  m0: architecture('m0', [64, 128, 192], [1, 2, 3], [4, 4, 4], SMALL_KERNELS),
  m1: architecture('m1', [128, 144, 192], [1, 2, 3], [2, 3, 3], FALLING_KERNELS),
  m2: architecture('m2', [128, 192, 224], [1, 2, 3], [4, 3, 2], FALLING_KERNELS),
  m3: architecture('m3', [128, 240, 320], [1, 2, 3], [4, 3, 4], SMALL_KERNELS),
  m4: architecture('m4', [128, 256, 384], [1, 2, 3], [4, 4, 4], FALLING_KERNELS),
  m5: architecture('m5', [192, 288, 384], [1, 3, 4], [3, 3, 4], FALLING_KERNELS),
};

/** Channels of each head's queries and keys, in every variant and stage. */
export const KEY_CHANNELS = 16;

/** Largest side of an attention window, in pixels of the stage, in every variant. */
const WINDOW_PX = 7;

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
export function stagesOf({ widths, heads, depths }: EfficientVitArchitecture): EfficientVitStage[] {
  const stages: EfficientVitStage[] = [];
  // The patch embedding halves the picture four times, each later stage once (rounded up: stride 2, padding 1).
  let sidePx = INPUT_SIDE_PX / 16;
  for (const index of [0, 1, 2] as const) {
    const width = widths[index];
    if (index > 0) sidePx = Math.ceil(sidePx / 2);
    stages.push({
      index,
      width,
      widthBefore: stages.at(-1)?.width ?? null,
      depth: depths[index],
      heads: heads[index],
      headWidth: width / heads[index],
      sidePx,
      windowPx: Math.min(WINDOW_PX, sidePx),
    });
  }
  return stages;
}

/** Hidden channels of the squeeze-and-excitation gate: a quarter, rounded to a multiple of 8. */
export function squeezeChannels(channels: number): number {
  return Math.max(8, Math.floor((channels / 4 + 4) / 8) * 8);
}
