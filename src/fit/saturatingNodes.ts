import type { OnnxGraph, OnnxNode, OnnxTensor } from '../onnx/OnnxModel.js';
import { getInt } from '../onnx/onnxAttributes.js';
import { largestPairs } from './largestPairs.js';

/** Largest sum of two neighbouring weights whose products with 255 fit into int16. */
export const LARGEST_PAIR = Math.floor(32767 / 255);

/** Inputs of the integer operators: activation's zero point and weights. */
const INTEGER_OPERATORS: Readonly<Record<string, { readonly zeroPoint: number; readonly weights: number }>> =
  {
    QLinearConv: { zeroPoint: 2, weights: 3 },
    QLinearMatMul: { zeroPoint: 2, weights: 3 },
    ConvInteger: { zeroPoint: 2, weights: 1 },
    MatMulInteger: { zeroPoint: 2, weights: 1 },
  };

/**
 * Nodes of an int8 model whose sums can saturate on an x86 CPU without VNNI: unsigned activations times int8
 * weights of which two neighbours have more than {@link LARGEST_PAIR} steps together.
 *
 * @returns their names, in the order of the graph
 */
export function saturatingNodes(graph: OnnxGraph): string[] {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const constant = (name: string | undefined): OnnxTensor | undefined => graph.initializers.get(name ?? '');
  const dequantized = (name: string | undefined): OnnxNode | undefined => {
    const producer = producers.get(name ?? '');
    return producer?.opType === 'DequantizeLinear' ? producer : undefined;
  };
  const saturates = (node: OnnxNode): boolean => {
    const places = INTEGER_OPERATORS[node.opType];
    if (places !== undefined) {
      // An absent zero point is 0 of type uint8 here.
      const zeroPoint = constant(node.inputs[places.zeroPoint]);
      const isUnsigned = zeroPoint === undefined || zeroPoint.dataType === 'uint8';
      return isUnsigned && canSaturate(node, constant(node.inputs[places.weights]));
    }
    if (!['Conv', 'Gemm', 'MatMul'].includes(node.opType)) return false;
    const activation = dequantized(node.inputs[0]);
    const weights = dequantized(node.inputs[1]);
    return (
      constant(activation?.inputs[2])?.dataType === 'uint8' && canSaturate(node, constant(weights?.inputs[0]))
    );
  };
  return graph.nodes.filter(saturates).map((node) => node.name || (node.outputs[0] ?? node.opType));
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
