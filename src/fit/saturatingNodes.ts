import { hasExactInt8 } from '../core/cpuFlags.js';
import { readInput } from '../core/readInput.js';
import { getInt, type OnnxGraph, type OnnxNode } from '../onnx/OnnxModel.js';
import type { OnnxTensor } from '../onnx/OnnxTensor.js';
import { readOnnx } from '../onnx/readOnnx.js';
import { producersOf } from '../onnx/topologicalOrder.js';

/** Largest sum of two neighbouring weights whose products with 255 fit into int16. */
const LARGEST_PAIR = Math.floor(32767 / 255);

/** The input with the weights of each integer operator; the activation's zero point is input 2 of all. */
const WEIGHTS_OF_INTEGER_OPERATOR: Readonly<Record<string, number>> = {
  QLinearConv: 3,
  QLinearMatMul: 3,
  ConvInteger: 1,
  MatMulInteger: 1,
};

/**
 * Nodes of an int8 model whose sums can saturate on an x86 CPU without VNNI: unsigned activations times int8
 * weights of which two neighbours have more than {@link LARGEST_PAIR} steps together.
 *
 * @returns their names, in the order of the graph
 * @throws EffvitError BAD_MODEL if two nodes make one value
 */
export function saturatingNodes(graph: OnnxGraph): string[] {
  const producers = producersOf(graph);
  const constant = (name: string | undefined): OnnxTensor | undefined => graph.initializers.get(name ?? '');
  const dequantized = (name: string | undefined): OnnxNode | undefined => {
    const producer = producers.get(name ?? '');
    return producer?.opType === 'DequantizeLinear' ? producer : undefined;
  };
  const saturates = (node: OnnxNode): boolean => {
    const weightsInput = WEIGHTS_OF_INTEGER_OPERATOR[node.opType];
    if (weightsInput !== undefined) {
      // An absent zero point is 0 of type uint8 here.
      const { dataType } = constant(node.inputs[2]) ?? { dataType: 'uint8' };
      return dataType === 'uint8' && canSaturate(node, constant(node.inputs[weightsInput]));
    }
    if (!['Conv', 'Gemm', 'MatMul'].includes(node.opType)) return false;
    const [activation, weights] = [dequantized(node.inputs[0]), dequantized(node.inputs[1])];
    const isUnsigned = constant(activation?.inputs[2])?.dataType === 'uint8';
    return isUnsigned && canSaturate(node, constant(weights?.inputs[0]));
  };
  return graph.nodes.filter(saturates).map((node) => node.name || (node.outputs[0] ?? node.opType));
}

/**
 * Notice about an int8 model whose sums saturate on this CPU (full-range weights without VNNI); undefined for other
 * models and CPUs. An unreadable file is not reported here but when it is loaded.
 */
export async function saturationNotice(
  onnxPath: string,
  isExact: boolean = hasExactInt8(),
): Promise<string | undefined> {
  if (isExact) return undefined;
  try {
    const content = await readInput(onnxPath);
    // Float models, the majority, are not decoded for this check.
    const isInteger = ['DequantizeLinear', 'QLinear', 'Integer'].some((name) => content.includes(name));
    const { length } = isInteger ? saturatingNodes((await readOnnx(onnxPath)).graph) : [];
    if (length === 0) return undefined;
    return (
      `${onnxPath} is an int8 model of full range and this CPU has no VNNI: sums of ${length} of its nodes can ` +
      'saturate, which costs accuracy. Quantise it again with `effvit quantize` without --full-range, or take the float model.'
    );
  } catch {
    return undefined;
  }
}

function canSaturate(node: OnnxNode, weights: OnnxTensor | undefined): boolean {
  if (weights?.dataType !== 'int8' || isDepthwise(node, weights)) return false;
  const channelsFirst = node.opType.includes('Conv') || getInt(node, 'transB', 0) === 1;
  const axis = channelsFirst ? 0 : weights.dims.length - 1;
  return largestPairs(weights.data as Int8Array, weights.dims, axis).some((pair) => pair > LARGEST_PAIR);
}

/** The depthwise kernel adds its products in 32 bits everywhere. */
export function isDepthwise(node: OnnxNode, weights: OnnxTensor): boolean {
  return node.opType.includes('Conv') && getInt(node, 'group', 1) > 1 && weights.dims[1] === 1;
}

/**
 * The largest sum of the magnitudes of two neighbouring weights of one sign, for each output channel: which the
 * 16-bit additions of x86 CPUs without VNNI must hold (`vpmaddubsw` adds the products of two neighbours).
 * Neighbours are those in the order of the tensor and, for a convolution, in the order position by position that
 * ONNX Runtime brings the weights into. A weight alone counts too, so that no result is below the largest one.
 *
 * @param channelAxis the dimension that the output channels lie in
 */
export function largestPairs(
  values: ArrayLike<number>,
  dims: readonly number[],
  channelAxis: number,
): Float64Array {
  const channels = dims[channelAxis] ?? 1;
  const inner = dims.slice(channelAxis + 1).reduce((a, b) => a * b, 1);
  const largest = new Float64Array(channels);
  const previous = new Float64Array(channels);
  const visit = (index: number): void => {
    const channel = Math.floor(index / inner) % channels;
    const value = values[index] ?? 0;
    const before = previous[channel] ?? 0;
    const sum = value * before > 0 ? Math.abs(value + before) : Math.abs(value);
    if (sum > (largest[channel] ?? 0)) largest[channel] = sum;
    previous[channel] = value;
  };
  for (let index = 0; index < values.length; index++) visit(index);
  if (channelAxis !== 0 || dims.length < 3) return largest;
  previous.fill(0);
  const inputs = dims[1] ?? 1;
  const positions = inner / inputs;
  for (let channel = 0; channel < channels; channel++) {
    for (let position = 0; position < positions; position++) {
      for (let input = 0; input < inputs; input++) visit((channel * inputs + input) * positions + position);
    }
  }
  return largest;
}
