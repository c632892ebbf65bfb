import { getFloat, getInt, type OnnxGraph, type OnnxNode } from '../onnx/OnnxModel.js';
import { tensorToNumbers } from '../onnx/OnnxTensor.js';

/**
 * How an operator takes part in a quantised graph.
 * - `weighted`: constant weights, a scale for each output channel (Conv, Gemm, MatMul with a constant)
 * - `layout`: moves values without changing them: keeps their precision
 * - `rectifier`: absorbed by the quantisation of its output, whose range begins at zero
 * - `pooling`: averages, for which int8 kernels need no change
 * - `other`: computes on floats, or in int8 only where a BPU is imitated
 * - `none`: values that are not float32, or must stay unchanged
 */
export type OperatorClass = 'weighted' | 'layout' | 'rectifier' | 'pooling' | 'other' | 'none';

/** Operators whose output has the values of its input, and so shares its scale and zero point. */
export const SHARES_STEPS = /^(?:Reshape|Transpose|Split|Slice|Squeeze|Unsqueeze|Flatten|MaxPool)$/;

const POOLING = /^(?:Global)?AveragePool$/;

/** Values are indices, shapes or conditions, or the node has graphs of its own. */
const NONE =
  /^(?:Shape|Size|Constant|ConstantOfShape|Range|ArgMax|ArgMin|If|Loop|Scan|Cast|Equal|Not|And|Or|Where|NonZero|TopK)$/;

export function operatorClass(node: OnnxNode, graph: OnnxGraph): OperatorClass {
  const { opType, domain } = node;
  if ((domain !== '' && domain !== 'ai.onnx') || NONE.test(opType)) return 'none';
  // A Concat's inputs may have different scales.
  if (SHARES_STEPS.test(opType) || opType === 'Concat') return 'layout';
  if (POOLING.test(opType)) return 'pooling';
  if (isRectifier(node, graph)) return 'rectifier';
  return weightChannelAxis(node, graph) === null ? 'other' : 'weighted';
}

/** The axis of the constant weights (input 1) that the output channels lie in; null for other nodes. */
export function weightChannelAxis(node: OnnxNode, graph: OnnxGraph): number | null {
  const weights = graph.initializers.get(node.inputs[1] ?? '');
  if (weights === undefined || weights.dataType !== 'float32') return null;
  const biasName = node.inputs[2] ?? '';
  const bias = graph.initializers.get(biasName);
  if (biasName !== '' && (bias === undefined || bias.dims.length !== 1)) return null;
  if (node.opType === 'Conv') return 0;
  if (node.opType === 'MatMul') return weights.dims.length === 2 ? 1 : null;
  const isPlain =
    node.opType === 'Gemm' &&
    getFloat(node, 'alpha', 1) === 1 &&
    getFloat(node, 'beta', 1) === 1 &&
    getInt(node, 'transA', 0) === 0;
  return isPlain ? (getInt(node, 'transB', 0) === 1 ? 0 : 1) : null;
}

/** Relu, and Clip from 0 (ReLU6): clipping to an unsigned range does the same. */
function isRectifier(node: OnnxNode, graph: OnnxGraph): boolean {
  if (node.opType === 'Relu') return true;
  if (node.opType !== 'Clip') return false;
  const [min, max] = [1, 2].map((index) => {
    const tensor = graph.initializers.get(node.inputs[index] ?? '');
    return tensor === undefined ? undefined : tensorToNumbers(tensor)[0];
  });
  return min === 0 && (max === undefined || max > 0);
}
