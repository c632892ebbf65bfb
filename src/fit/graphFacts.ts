import {
  getInts,
  type OnnxDim,
  type OnnxModel,
  type OnnxNode,
  type OnnxValueInfo,
} from '../onnx/OnnxModel.js';
import { GraphIndex } from './GraphIndex.js';
import { metadataLabels } from './metadataLabels.js';
import { type PixelRange, pixelRangeOf } from './pixelRangeOf.js';

/** Facts about a graph's input picture. */
export interface InputFacts {
  readonly color: 'rgb' | 'nv12';
  readonly layout: 'nchw' | 'nhwc';
  /** Undefined if the graph does not determine it. */
  readonly widthPx: number | undefined;
  readonly heightPx: number | undefined;
  /** Range of the pixels that it normalises itself. */
  readonly pixelRange: PixelRange;
}

/** Last operation of a graph on its scores. */
export interface Activation {
  readonly kind: 'logits' | 'probabilities';
  /** The operator: `Softmax`, `Sigmoid`, or for logits the one that computes them. */
  readonly operator: string;
}

/** Facts about the use of a classifier's graph. */
export type GraphFacts = ReturnType<typeof graphFacts>;

/** Facts about a graph's scores; `classCount` is undefined if the graph does not determine it. */
export type OutputFacts = GraphFacts['outputs'][number];

/** Largest number of elements of a constant that matters here. */
export const FACT_MAX_ELEMENTS = 16;

/** @param model weights may be without their data ({@link FACT_MAX_ELEMENTS}). */
export function graphFacts(model: OnnxModel) {
  const { graph } = model;
  const index = new GraphIndex(graph);
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const [input] = inputs;
  const outputs = graph.outputs.flatMap((output) => {
    const classCount = classCountOf(output);
    const isFloat = output.dataType === 'float32' || output.dataType === 'float16';
    return isFloat && classCount !== 'no classes'
      ? [{ name: output.name, classCount, activation: activationOf(index, output.name) }]
      : [];
  });
  const counts = new Set(outputs.map(({ classCount }) => classCount));
  const [onlyCount] = counts.size === 1 ? counts : [];
  return {
    /** Undefined if the graph has several inputs, or its input is no colour picture. */
    input: inputs.length === 1 && input !== undefined ? inputFacts(input, index) : undefined,
    /** Outputs that may hold the scores, in the graph's order. */
    outputs,
    labels: metadataLabels(model.metadata, onlyCount),
    /** E.g. `pytorch` or `tf2onnx`. */
    producer: model.producerName,
  };
}

function inputFacts(input: OnnxValueInfo, index: GraphIndex): InputFacts | undefined {
  const { shape, dataType, name } = input;
  if (shape === null) return undefined;
  const nv12 = dataType === 'uint8' ? nv12Size(shape) : undefined;
  if (nv12 !== undefined) return { color: 'nv12', layout: 'nchw', ...nv12, pixelRange: '0 to 255' };
  if (shape.length !== 4) return undefined;
  const layout = layoutOf(shape, index, name);
  if (layout === undefined) return undefined;
  const [rows, columns] = layout === 'nchw' ? [shape[2], shape[3]] : [shape[1], shape[2]];
  return {
    color: 'rgb',
    layout,
    widthPx: length(columns),
    heightPx: length(rows),
    pixelRange: dataType === 'uint8' ? '0 to 255' : pixelRangeOf(index, name),
  };
}

/** PaddlePaddle writes -1 for free dimensions. */
function length(dim: OnnxDim | undefined): number | undefined {
  return typeof dim === 'number' && dim > 0 ? dim : undefined;
}

function layoutOf(
  shape: readonly OnnxDim[],
  index: GraphIndex,
  name: string,
): InputFacts['layout'] | undefined {
  if (shape[1] === 3) return 'nchw';
  if (shape[3] === 3) return 'nhwc';
  if (length(shape[1]) !== undefined && length(shape[3]) !== undefined) return undefined;
  // All dimensions are free: a Transpose that moves the channels to the front means that they are last in the input.
  const [consumer] = index.consumersOf(name);
  const isTurned = consumer?.opType === 'Transpose' && getInts(consumer, 'perm', []).join() === '0,3,1,2';
  return isTurned ? 'nhwc' : 'nchw';
}

/** As `effvit model build --input nv12` writes it: [1, rows x 3/2, columns], perhaps with a channel of one. */
function nv12Size(shape: readonly OnnxDim[]): { widthPx: number; heightPx: number } | undefined {
  const dims = shape.map(length).slice(1);
  if (dims.length === 3 && dims[0] === 1) dims.shift();
  const [rows, widthPx] = dims;
  if (dims.length !== 2 || rows === undefined || widthPx === undefined || rows % 3 !== 0) return undefined;
  return { widthPx, heightPx: (rows * 2) / 3 };
}

/** Undefined for a free dimension. */
function classCountOf({ shape }: OnnxValueInfo): number | undefined | 'no classes' {
  if (shape === null) return undefined;
  const dims = shape.map((dim, axis) => (axis === 0 && shape.length > 1 ? (length(dim) ?? 1) : length(dim)));
  if (!dims.every((dim) => dim !== undefined)) return undefined;
  const counts = dims.filter((dim) => dim !== 1);
  return counts.length > 1 ? 'no classes' : (counts[0] ?? 1);
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
function activationOf(index: GraphIndex, outputName: string): Activation {
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
