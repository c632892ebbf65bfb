import {
  type EfficientVitArchitecture,
  KEY_CHANNELS,
  squeezeChannels,
  stagesOf,
} from './EfficientVitArchitecture.js';

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
      tensors.set(`${at}.downsample.patchmerge.se.fc1.weight`, [squeezed, hidden, 1, 1]);
      tensors.set(`${at}.downsample.patchmerge.se.fc1.bias`, [squeezed]);
      tensors.set(`${at}.downsample.patchmerge.se.fc2.weight`, [hidden, squeezed, 1, 1]);
      tensors.set(`${at}.downsample.patchmerge.se.fc2.bias`, [hidden]);
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
  tensors.set('head.linear.weight', [classCount, features]);
  tensors.set('head.linear.bias', [classCount]);
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
