import type { EfficientVitVariant } from '../model/manifestValues.js';

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
  readonly queryKernels: readonly number[];
}

const SMALL_KERNELS = [5, 5, 5, 5];
const FALLING_KERNELS = [7, 5, 3, 3];

function architecture(
  variant: EfficientVitVariant,
  widths: PerStage,
  depths: PerStage,
  heads: PerStage,
  queryKernels: readonly number[],
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
export type EfficientVitStage = ReturnType<typeof stagesOf>[number];

/** The three stages: feature maps of 14, 7 and 4 pixels a side. */
export function stagesOf({ widths, heads, depths, queryKernels }: EfficientVitArchitecture) {
  return widths.map((width, index) => {
    // The patch embedding halves the picture four times, each later stage once (rounded up: stride 2, padding 1).
    const sidePx = Math.ceil(INPUT_SIDE_PX / 16 / 2 ** index);
    const headCount = heads[index] ?? 1;
    return {
      index,
      width,
      /** Channels before the stage's downsampling; null for the first stage, which has none. */
      widthBefore: widths[index - 1] ?? null,
      depth: depths[index] ?? 0,
      heads: headCount,
      /** Channels of one head: of its input and of its values. */
      headWidth: width / headCount,
      /** Side of the stage's feature map, in pixels. */
      sidePx,
      /** Side of an attention window; divides {@link sidePx}. */
      windowPx: Math.min(WINDOW_PX, sidePx),
      queryKernels,
    };
  });
}

/**
 * Names (of timm's state_dict) and shapes of all tensors that a checkpoint must contain, in the model's order.
 * `num_batches_tracked` counters and `attention_bias_idxs` tables are left out: the builder needs neither.
 */
export function expectedTensors(
  architecture: EfficientVitArchitecture,
  classCount: number,
): Map<string, readonly number[]> {
  const tensors = new Map<string, readonly number[]>();
  const norm = (prefix: string, channels: number): void => {
    for (const part of ['weight', 'bias', 'running_mean', 'running_var']) {
      tensors.set(`${prefix}.${part}`, [channels]);
    }
  };
  const linear = (prefix: string, dims: readonly [number, ...number[]]): void => {
    tensors.set(`${prefix}.weight`, dims);
    tensors.set(`${prefix}.bias`, [dims[0]]);
  };
  const conv = (prefix: string, from: number, to: number, kernel = 1): void => {
    tensors.set(`${prefix}.conv.weight`, [to, from, kernel, kernel]);
    norm(`${prefix}.bn`, to);
  };
  const depthwise = (prefix: string, channels: number, kernel = 3): void => conv(prefix, 1, channels, kernel);
  const mlp = (prefix: string, channels: number): void => {
    conv(`${prefix}.pw1`, channels, 2 * channels);
    conv(`${prefix}.pw2`, 2 * channels, channels);
  };

  const embedded = architecture.widths[0];
  for (const [index, divisor] of [8, 4, 2, 1].entries()) {
    const from = index === 0 ? 3 : embedded / (2 * divisor);
    conv(`patch_embed.conv${index + 1}`, from, embedded / divisor, 3);
  }
  for (const stage of stagesOf(architecture)) {
    const at = `stages.${stage.index}`;
    if (stage.widthBefore !== null) {
      const hidden = 4 * stage.widthBefore;
      const squeezed = squeezeChannels(hidden);
      depthwise(`${at}.downsample.res1.0.m`, stage.widthBefore);
      mlp(`${at}.downsample.res1.1.m`, stage.widthBefore);
      conv(`${at}.downsample.patchmerge.conv1`, stage.widthBefore, hidden);
      depthwise(`${at}.downsample.patchmerge.conv2`, hidden);
      linear(`${at}.downsample.patchmerge.se.fc1`, [squeezed, hidden, 1, 1]);
      linear(`${at}.downsample.patchmerge.se.fc2`, [hidden, squeezed, 1, 1]);
      conv(`${at}.downsample.patchmerge.conv3`, hidden, stage.width);
      depthwise(`${at}.downsample.res2.0.m`, stage.width);
      mlp(`${at}.downsample.res2.1.m`, stage.width);
    }
    for (let block = 0; block < stage.depth; block++) {
      const inner = `${at}.blocks.${block}`;
      depthwise(`${inner}.dw0.m`, stage.width);
      mlp(`${inner}.ffn0.m`, stage.width);
      const attention = `${inner}.mixer.m.attn`;
      tensors.set(`${attention}.attention_biases`, [stage.heads, stage.windowPx ** 2]);
      for (let head = 0; head < stage.heads; head++) {
        conv(`${attention}.qkvs.${head}`, stage.headWidth, 2 * KEY_CHANNELS + stage.headWidth);
        depthwise(`${attention}.dws.${head}`, KEY_CHANNELS, architecture.queryKernels[head]);
      }
      conv(`${attention}.proj.1`, stage.width, stage.width);
      depthwise(`${inner}.dw1.m`, stage.width);
      mlp(`${inner}.ffn1.m`, stage.width);
    }
  }
  const features = architecture.widths[2];
  norm('head.bn', features);
  linear('head.linear', [classCount, features]);
  return tensors;
}

/** Trained parameters, counted as PyTorch does: running statistics are none. */
export function countParameters(tensors: ReadonlyMap<string, readonly number[]>): number {
  let sum = 0;
  for (const [name, dims] of tensors) {
    if (name.endsWith('.running_mean') || name.endsWith('.running_var')) continue;
    sum += dims.reduce((product, length) => product * length, 1);
  }
  return sum;
}

/** Hidden channels of the squeeze-and-excitation gate: a quarter, rounded to a multiple of 8. */
function squeezeChannels(channels: number): number {
  return Math.max(8, Math.floor((channels / 4 + 4) / 8) * 8);
}
