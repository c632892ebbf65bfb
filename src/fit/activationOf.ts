import type { OnnxNode } from '../onnx/OnnxModel.js';
import type { GraphIndex } from './GraphIndex.js';

/** Last operation of a graph on its scores. */
export interface Activation {
  readonly kind: 'logits' | 'probabilities';
  /** The operator: `Softmax`, `Sigmoid`, or for logits the one that computes them. */
  readonly operator: string;
}

/** Operators that (nearly) keep the values. */
const PASSING =
  /^(?:Identity|Reshape|Flatten|Squeeze|Unsqueeze|Transpose|Cast|Dropout|QuantizeLinear|DequantizeLinear)$/;

const TO_PROBABILITIES = /^(?:QLinear)?(?:Softmax|Sigmoid|HardSigmoid)$/;

/** Most such operators at the end of a graph. */
const LONGEST_TAIL = 32;

/**
 * Whether an output holds logits or probabilities, from the operators before it. LogSoftmax counts as logits, since
 * its softmax is the same.
 */
export function activationOf(index: GraphIndex, outputName: string): Activation {
  let node = index.producerOf(outputName);
  for (let step = 0; step < LONGEST_TAIL && node !== undefined && PASSING.test(node.opType); step++) {
    node = index.producerOf(node.inputs[0]);
  }
  if (node === undefined) return { kind: 'logits', operator: 'none' };
  if (TO_PROBABILITIES.test(node.opType)) return { kind: 'probabilities', operator: node.opType };
  if (isSpelledOutSoftmax(index, node)) return { kind: 'probabilities', operator: 'Softmax' };
  if (isSpelledOutSigmoid(index, node)) return { kind: 'probabilities', operator: 'Sigmoid' };
  return { kind: 'logits', operator: node.opType };
}

/** exp(x) / sum(exp(x)), the form of older exporters. */
function isSpelledOutSoftmax(index: GraphIndex, node: OnnxNode): boolean {
  if (node.opType !== 'Div') return false;
  const [numerator, denominator] = [index.producerOf(node.inputs[0]), index.producerOf(node.inputs[1])];
  return numerator?.opType === 'Exp' && denominator?.opType === 'ReduceSum';
}

/** 1 / (1 + exp(-x)). */
function isSpelledOutSigmoid(index: GraphIndex, node: OnnxNode): boolean {
  const isInverse =
    node.opType === 'Reciprocal' || (node.opType === 'Div' && index.constantOf(node.inputs[0])?.[0] === 1);
  if (!isInverse) return false;
  const sum = index.producerOf(node.opType === 'Div' ? node.inputs[1] : node.inputs[0]);
  return sum?.opType === 'Add' && sum.inputs.some((name) => index.producerOf(name)?.opType === 'Exp');
}
