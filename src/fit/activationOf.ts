import type { OnnxNode } from '../onnx/OnnxModel.js';
import type { GraphIndex } from './GraphIndex.js';

/** What a graph does to its scores last. */
export interface Activation {
  readonly kind: 'logits' | 'probabilities';
  /** The operator that says so: `Softmax`, `Sigmoid`, or for logits what makes them. */
  readonly operator: string;
}

/** Operators that leave values what they are, or nearly so. */
const PASSING =
  /^(?:Identity|Reshape|Flatten|Squeeze|Unsqueeze|Transpose|Cast|Dropout|QuantizeLinear|DequantizeLinear)$/;

const TO_PROBABILITIES = /^(?:QLinear)?(?:Softmax|Sigmoid|HardSigmoid)$/;

/** No graph ends in so many operators that change nothing. */
const LONGEST_TAIL = 32;

/** What an output holds, told from the operators before it; LogSoftmax gives logits, since their softmax is the same. */
export function activationOf(index: GraphIndex, outputName: string): Activation {
  let node = index.makerOf(outputName);
  for (let step = 0; step < LONGEST_TAIL && node !== undefined && PASSING.test(node.opType); step++) {
    node = index.makerOf(node.inputs[0]);
  }
  if (node === undefined) return { kind: 'logits', operator: 'none' };
  if (TO_PROBABILITIES.test(node.opType)) return { kind: 'probabilities', operator: node.opType };
  if (isSpelledOutSoftmax(index, node)) return { kind: 'probabilities', operator: 'Softmax' };
  if (isSpelledOutSigmoid(index, node)) return { kind: 'probabilities', operator: 'Sigmoid' };
  return { kind: 'logits', operator: node.opType };
}

/** exp(x) / sum(exp(x)), as older exporters write it. */
function isSpelledOutSoftmax(index: GraphIndex, node: OnnxNode): boolean {
  if (node.opType !== 'Div') return false;
  const [numerator, denominator] = [index.makerOf(node.inputs[0]), index.makerOf(node.inputs[1])];
  return numerator?.opType === 'Exp' && denominator?.opType === 'ReduceSum';
}

/** 1 / (1 + exp(-x)). */
function isSpelledOutSigmoid(index: GraphIndex, node: OnnxNode): boolean {
  const isInverse =
    node.opType === 'Reciprocal' || (node.opType === 'Div' && index.constantOf(node.inputs[0])?.[0] === 1);
  if (!isInverse) return false;
  const sum = index.makerOf(node.opType === 'Div' ? node.inputs[1] : node.inputs[0]);
  return sum?.opType === 'Add' && sum.inputs.some((name) => index.makerOf(name)?.opType === 'Exp');
}
