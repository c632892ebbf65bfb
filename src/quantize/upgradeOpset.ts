import { EffvitError } from '../core/EffvitError.js';
import {
  getInt,
  intAttr,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  standardOpset,
} from '../onnx/OnnxModel.js';
import { int64Vector } from '../onnx/OnnxTensor.js';

/** The first version whose DequantizeLinear takes a scale for each channel. */
export const QUANTIZED_OPSET = 13;

/** The oldest version that is converted; from here on only a few operators changed their form up to 13. */
const OLDEST_OPSET = 11;

/** Attributes that became an input in version 13 (ONNX change log), with that input's place. */
const ATTRIBUTE_TO_INPUT: Readonly<Record<string, { attribute: string; index: number }>> = {
  Squeeze: { attribute: 'axes', index: 1 },
  Unsqueeze: { attribute: 'axes', index: 1 },
  ReduceSum: { attribute: 'axes', index: 1 },
  Split: { attribute: 'split', index: 1 },
};

/** Operators that up to version 12 flattened their input around `axis`; from 13 on they work along it alone. */
const FLATTENING = new Set(['Softmax', 'LogSoftmax', 'Hardmax']);

/**
 * Brings the model's standard operators to version 13 or newer, in place, with the same results.
 *
 * @param rankOf the rank of a value, or undefined if it is not known
 * @throws EffvitError UNSUPPORTED for versions below 11, and for a softmax over several axes at once
 */
export function upgradeOpset(model: OnnxModel, rankOf: (value: string) => number | undefined): void {
  const version = standardOpset(model);
  if (version === null || version < OLDEST_OPSET) {
    throw new EffvitError(
      'UNSUPPORTED',
      `The model uses operators of opset ${version ?? 'unknown'}: export it with opset ${OLDEST_OPSET} or newer.`,
    );
  }
  if (version >= QUANTIZED_OPSET) return;
  for (const node of model.graph.nodes) {
    if (node.domain !== '' && node.domain !== 'ai.onnx') continue;
    const moved = ATTRIBUTE_TO_INPUT[node.opType];
    if (moved !== undefined) attributeToInput(model.graph, node, moved.attribute, moved.index);
    if (FLATTENING.has(node.opType)) alongOneAxis(node, rankOf(node.inputs[0] ?? ''));
  }
  model.opsets = model.opsets.map((opset) =>
    opset.domain === '' || opset.domain === 'ai.onnx' ? { ...opset, version: QUANTIZED_OPSET } : opset,
  );
}

function attributeToInput(graph: OnnxGraph, node: OnnxNode, attribute: string, index: number): void {
  const value = node.attributes.get(attribute);
  if (value === undefined || value.type !== 'ints') return;
  const name = `${node.outputs[0]}_${attribute}`;
  graph.initializers.set(name, int64Vector(value.value.map(Number)));
  node.attributes.delete(attribute);
  while (node.inputs.length < index) node.inputs.push('');
  node.inputs[index] = name;
}

function alongOneAxis(node: OnnxNode, rank: number | undefined): void {
  const axis = getInt(node, 'axis', 1);
  if (axis !== -1 && (rank === undefined || axis !== rank - 1)) {
    throw new EffvitError(
      'UNSUPPORTED',
      `${node.opType} ${JSON.stringify(node.name)} has axis ${axis} of ${rank ?? 'an unknown number of'} dimensions, ` +
        `which opset ${QUANTIZED_OPSET} means differently: export the model with opset ${QUANTIZED_OPSET} or newer.`,
      { context: { graphName: node.name } },
    );
  }
  node.attributes.set('axis', intAttr(-1));
}
