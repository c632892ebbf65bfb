import { getInt, getInts, getString, type OnnxNode } from '../onnx/OnnxModel.js';
import { type OnnxTensor, tensorToFloat32 } from '../onnx/OnnxTensor.js';
import type { FloatValue } from './OrtRunner.js';
import { type QuantizedWeights, quantizeBias } from './quantizeWeights.js';

/** What a node reads, on average. */
export interface InputMeans {
  /** Mean of each input channel over all positions and calibration pictures. */
  readonly means: Float64Array;
  /** Dimensions of the input: N x C x height x width for a convolution. */
  readonly dims: readonly number[];
}

/** Mean of each channel of a value over all positions and pictures. */
export class ChannelMeans {
  readonly #axis: number;
  #sums = new Float64Array();
  #count = 0;
  #dims: readonly number[] = [];

  /** @param axis of the channels; negative from the end */
  constructor(axis: number) {
    this.#axis = axis;
  }

  add({ dims, data }: FloatValue): void {
    const axis = this.#axis < 0 ? dims.length + this.#axis : this.#axis;
    const channels = dims[axis] ?? 1;
    const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    if (this.#sums.length === 0) this.#sums = new Float64Array(channels);
    this.#dims = dims;
    const sums = this.#sums;
    for (let start = 0; start < data.length; start += inner) {
      const channel = (start / inner) % channels;
      let sum = 0;
      for (let index = start; index < start + inner; index++) sum += data[index] ?? 0;
      sums[channel] = (sums[channel] ?? 0) + sum;
    }
    this.#count += data.length / channels;
  }

  /** The means of what was added until now. */
  result(): InputMeans {
    return { means: this.#sums.map((sum) => sum / Math.max(1, this.#count)), dims: this.#dims };
  }
}

/**
 * How far rounding the weights shifts the mean of each output channel: the sum of (rounded weight - weight) times
 * the mean of the input channel that it meets, for the share of positions where it meets input and no padding.
 * Taken off the bias, it leaves errors that cancel on average (bias correction: Nagel et al., Data-Free
 * Quantization Through Weight Equalization and Bias Correction, ICCV 2019).
 *
 * @param node a Conv, Gemm or MatMul with these weights
 */
export function weightBias(
  node: OnnxNode,
  weights: OnnxTensor,
  quantized: QuantizedWeights,
  input: InputMeans,
): Float64Array {
  const float = tensorToFloat32(weights);
  const steps = quantized.weights.data as Int8Array;
  const shift = new Float64Array(quantized.scales.length);
  const place =
    node.opType === 'Conv' ? convPlaces(node, weights.dims, input.dims) : matrixPlaces(node, weights.dims);
  for (let index = 0; index < float.length; index++) {
    const { output, channel, share } = place(index);
    const error = (steps[index] ?? 0) * (quantized.scales[output] ?? 0) - (float[index] ?? 0);
    shift[output] = (shift[output] ?? 0) + error * share * (input.means[channel] ?? 0);
  }
  return shift;
}

/** The bias less {@link weightBias}, quantised with a scale for each channel; as it is where the means are not known. */
export function correctedBias(
  node: OnnxNode,
  weights: OnnxTensor,
  quantized: QuantizedWeights,
  values: Float32Array,
  inputScale: number,
  means: InputMeans | undefined,
): { readonly bias: OnnxTensor; readonly scales: Float32Array } {
  const shift = means === undefined ? undefined : weightBias(node, weights, quantized, means);
  const corrected = values.map((value, channel) => value - (shift?.[channel] ?? 0));
  const data = quantizeBias(corrected, inputScale, quantized.scales);
  return {
    bias: { dataType: 'int32', dims: [data.length], data },
    scales: quantized.scales.map((scale) => scale * inputScale),
  };
}

/** The output and the input channel that a weight joins, and the share of output positions where it meets input. */
type Places = (index: number) => { output: number; channel: number; share: number };

function convPlaces(
  node: OnnxNode,
  [outputs = 1, perGroup = 1, ...kernel]: readonly number[],
  [, , ...sizes]: readonly number[],
): Places {
  const taps = kernel.reduce((a, b) => a * b, 1);
  const outputsPerGroup = outputs / getInt(node, 'group', 1);
  const shares = tapShares(node, kernel, sizes);
  return (index) => {
    const output = Math.floor(index / (taps * perGroup));
    const own = Math.floor(index / taps) % perGroup;
    const channel = Math.floor(output / outputsPerGroup) * perGroup + own;
    return { output, channel, share: shares[index % taps] ?? 1 };
  };
}

/** For each tap of the kernel, row-major: the share of output positions for which it lies on the input. */
function tapShares(node: OnnxNode, kernel: readonly number[], sizes: readonly number[]): number[] {
  // Padding that the runtime works out by itself: counted as if there were none.
  const isAutomatic = !['NOTSET', 'VALID'].includes(getString(node, 'auto_pad', 'NOTSET'));
  const rank = kernel.length;
  const strides = getInts(node, 'strides', new Array<number>(rank).fill(1));
  const dilations = getInts(node, 'dilations', new Array<number>(rank).fill(1));
  const pads = getInts(node, 'pads', new Array<number>(2 * rank).fill(0));
  return kernel.reduce<number[]>(
    (shares, length, axis) => {
      const size = sizes[axis] ?? 1;
      const [stride, dilation, before] = [strides[axis] ?? 1, dilations[axis] ?? 1, pads[axis] ?? 0];
      const padded = size + before + (pads[axis + rank] ?? 0);
      const positions = Math.floor((padded - dilation * (length - 1) - 1) / stride) + 1;
      const own = Array.from({ length }, (_, tap) => {
        if (isAutomatic) return 1;
        let inside = 0;
        for (let position = 0; position < positions; position++) {
          const at = position * stride - before + tap * dilation;
          if (at >= 0 && at < size) inside++;
        }
        return inside / positions;
      });
      return shares.flatMap((share) => own.map((tapShare) => share * tapShare));
    },
    [1],
  );
}

function matrixPlaces(node: OnnxNode, [, columns = 1]: readonly number[]): Places {
  const isTransposed = node.opType === 'Gemm' && getInt(node, 'transB', 0) === 1;
  return (index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    return isTransposed
      ? { output: row, channel: column, share: 1 }
      : { output: column, channel: row, share: 1 };
  };
}
