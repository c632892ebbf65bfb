import { EffvitError } from '../core/EffvitError.js';
import type { WeightTensor } from '../weights/WeightTensor.js';

/** PyTorch's default, which EfficientViT keeps. */
const EPSILON = 1e-5;

/**
 * Weights of a state_dict by name.
 *
 * @throws EffvitError INTERNAL for a missing one; checkWeights has checked the names
 */
export function tensorData(weights: ReadonlyMap<string, WeightTensor>, name: string): Float32Array {
  const tensor = weights.get(name);
  if (tensor === undefined)
    throw new EffvitError('INTERNAL', `No tensor ${JSON.stringify(name)}.`, { context: { graphName: name } });
  return tensor.data;
}

/**
 * A batch norm in evaluation, y = scale * x + shift for each channel, in float64: scale = weight / sqrt(var + eps),
 * shift = bias - mean * scale (Ioffe, Szegedy 2015).
 */
function batchNormAffine(weights: ReadonlyMap<string, WeightTensor>, prefix: string) {
  const weight = tensorData(weights, `${prefix}.weight`);
  const bias = tensorData(weights, `${prefix}.bias`);
  const mean = tensorData(weights, `${prefix}.running_mean`);
  const variance = tensorData(weights, `${prefix}.running_var`);
  const scale = Float64Array.from(weight, (value, i) => value / Math.sqrt((variance[i] as number) + EPSILON));
  const shift = Float64Array.from(bias, (value, i) => value - (mean[i] as number) * (scale[i] as number));
  return { scale, shift };
}

/** A convolution, or linear layer, with a bias. Kernels are row-major, output channel first. */
export interface FoldedLayer<T extends Float32Array | Float64Array = Float32Array> {
  readonly weight: T;
  readonly bias: T;
}

/**
 * Folds a convolution and the batch norm after it into one convolution, in float64.
 *
 * @param prefix Of `conv.weight` and `bn.*`.
 * @param factor Multiplies the result, for a scale that comes after the convolution anyway.
 */
export function foldConv(
  weights: ReadonlyMap<string, WeightTensor>,
  prefix: string,
  factor = 1,
): FoldedLayer<Float64Array> {
  const kernel = tensorData(weights, `${prefix}.conv.weight`);
  const { scale, shift } = batchNormAffine(weights, `${prefix}.bn`);
  const perChannel = kernel.length / scale.length;
  const weight = new Float64Array(kernel.length);
  // Plain loops: twelve million elements through a mapping function take seconds.
  for (let i = 0; i < scale.length; i++) {
    const gain = (scale[i] as number) * factor;
    for (let j = i * perChannel; j < (i + 1) * perChannel; j++) weight[j] = (kernel[j] as number) * gain;
  }
  return { weight, bias: shift.map((value) => value * factor) };
}

/** Folds a linear layer and the batch norm before it into one layer: W (s x + t) + b = (W s) x + (W t + b). */
export function foldLinear(
  weights: ReadonlyMap<string, WeightTensor>,
  normPrefix: string,
  linearPrefix: string,
): FoldedLayer {
  const matrix = tensorData(weights, `${linearPrefix}.weight`);
  const offset = tensorData(weights, `${linearPrefix}.bias`);
  const { scale, shift } = batchNormAffine(weights, normPrefix);
  const features = scale.length;
  const weight = new Float32Array(matrix.length);
  const bias = new Float32Array(offset.length);
  for (let row = 0; row < offset.length; row++) {
    let sum = offset[row] as number;
    for (let i = 0; i < features; i++) {
      const entry = matrix[row * features + i] as number;
      weight[row * features + i] = entry * (scale[i] as number);
      sum += entry * (shift[i] as number);
    }
    bias[row] = sum;
  }
  return { weight, bias };
}

/** Rounds to float32 once, after all arithmetic. */
export function roundLayer(layer: FoldedLayer<Float64Array>): FoldedLayer {
  return { weight: new Float32Array(layer.weight), bias: new Float32Array(layer.bias) };
}
