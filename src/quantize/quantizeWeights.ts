import { EffvitError } from '../core/EffvitError.js';
import { largestPairs } from '../fit/saturatingNodes.js';
import { type OnnxTensor, tensorToFloat32 } from '../onnx/OnnxTensor.js';

/** Constants of a Conv, Gemm or MatMul with a scale for each output channel. */
export interface QuantizedWeights {
  /** int8, symmetric, shaped as the float weights. */
  readonly weights: OnnxTensor;
  /** float32, one an output channel. */
  readonly scales: Float32Array;
}

/**
 * Steps on either side of zero. With reduced range two neighbours of one sign have as many together: rounding adds
 * at most one, and 128 x 255 fits into int16.
 */
const LARGEST = 127;

/** A share of int32 that a quantised bias may take, so that the sum beside it cannot overflow. */
const LARGEST_BIAS = 2 ** 29;

export interface QuantizeWeightsOptions {
  /** The dimension that the output channels lie in. */
  readonly channelAxis: number;
  /** Steps so large that pairs of products fit into int16, as the U8S8 kernels of CPUs without VNNI need. */
  readonly reduceRange: boolean;
  /** The bias of the same node, with the scale of its input: a channel's scale grows until its bias fits. */
  readonly bias?: { readonly values: Float32Array; readonly inputScale: number } | undefined;
}

/** @throws EffvitError BAD_WEIGHTS if a weight is NaN or infinite */
export function quantizeWeights(
  name: string,
  tensor: OnnxTensor,
  options: QuantizeWeightsOptions,
): QuantizedWeights {
  const values = tensorToFloat32(tensor);
  const { dims } = tensor;
  const channels = dims[options.channelAxis] ?? 1;
  const inner = dims.slice(options.channelAxis + 1).reduce((a, b) => a * b, 1);
  const channelOf = (index: number): number => Math.floor(index / inner) % channels;
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new EffvitError(
      'BAD_WEIGHTS',
      `The weights ${JSON.stringify(name)} hold ${values[bad]} at index ${bad}.`,
      { context: { graphName: name } },
    );
  }
  const largest = new Float32Array(channels);
  if (options.reduceRange) {
    largest.set(largestPairs(values, dims, options.channelAxis));
  } else {
    values.forEach((value, index) => {
      const channel = channelOf(index);
      largest[channel] = Math.max(largest[channel] ?? 0, Math.abs(value));
    });
  }
  const { bias } = options;
  const scales = largest.map((magnitude, channel) => {
    const forBias =
      bias === undefined ? 0 : Math.abs(bias.values[channel] ?? 0) / (bias.inputScale * LARGEST_BIAS);
    return Math.max(magnitude / LARGEST, forBias) || 1;
  });
  const weights = new Int8Array(values.length);
  values.forEach((value, index) => {
    const step = Math.round(value / (scales[channelOf(index)] ?? 1));
    weights[index] = Math.min(LARGEST, Math.max(-LARGEST, step));
  });
  return { weights: { dataType: 'int8', dims, data: weights }, scales };
}

/** A bias in the unit of the products that it is added to: int32 with scale inputScale * weightScale. */
export function quantizeBias(
  values: Float32Array,
  inputScale: number,
  weightScales: Float32Array,
): Int32Array {
  return Int32Array.from(values, (value, channel) =>
    Math.round(value / (inputScale * (weightScales[channel] ?? weightScales[0] ?? 1))),
  );
}
