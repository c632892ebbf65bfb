import { EffvitError } from '../core/EffvitError.js';
import {
  getInt,
  getTensor,
  intAttr,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxValueInfo,
  standardOpset,
} from '../onnx/OnnxModel.js';
import {
  ELEMENT_TYPES,
  float32Tensor,
  int64Vector,
  type OnnxDataType,
  type OnnxTensor,
  tensorToFloat32,
} from '../onnx/OnnxTensor.js';
import { topologicalOrder } from '../onnx/topologicalOrder.js';

/** Operators that only a quantised graph has. */
const QUANTIZED_OPERATORS =
  /^(?:QuantizeLinear|DequantizeLinear|DynamicQuantizeLinear|QLinear\w+|\w+Integer|QGemm)$/;

/**
 * Brings a float model into one form, in place: nodes in order and each with a name of its own, constants as
 * initializers, no identities, float32 throughout. Names that the file gives stay, so that node_info finds its nodes.
 *
 * @returns whether it had float16 or bfloat16 values
 * @throws EffvitError BAD_MODEL for a model that is quantised already
 */
export function prepareFloatModel(model: OnnxModel): { readonly wasNarrow: boolean } {
  const { graph } = model;
  graph.nodes = topologicalOrder(graph);
  const quantized = graph.nodes.find((node) => QUANTIZED_OPERATORS.test(node.opType));
  if (quantized !== undefined) {
    throw new EffvitError(
      'BAD_MODEL',
      `The model is quantised already (${quantized.opType} ${JSON.stringify(quantized.name)}): name the float model.`,
      { context: { graphName: quantized.name } },
    );
  }
  const wasNarrow = widenFloats(graph);
  constantsToInitializers(graph);
  graph.inputs = graph.inputs.filter((input) => !graph.initializers.has(input.name));
  removeIdentities(graph);
  nameNodes(graph);
  return { wasNarrow };
}

function constantsToInitializers(graph: OnnxGraph): void {
  graph.nodes = graph.nodes.filter((node) => {
    if (node.opType !== 'Constant') return true;
    const value = constantValue(node);
    const output = node.outputs[0];
    if (value === null || output === undefined) return true;
    graph.initializers.set(output, value);
    return false;
  });
}

function constantValue(node: OnnxNode): OnnxTensor | null {
  const attribute = (name: string): OnnxAttribute | undefined => node.attributes.get(name);
  const float = attribute('value_float');
  const floats = attribute('value_floats');
  const int = attribute('value_int');
  const ints = attribute('value_ints');
  if (float?.type === 'float') return float32Tensor([], Float32Array.of(float.value));
  if (floats?.type === 'floats') return float32Tensor([floats.value.length], Float32Array.from(floats.value));
  if (int?.type === 'int') return { ...int64Vector([Number(int.value)]), dims: [] };
  if (ints?.type === 'ints') return int64Vector(ints.value.map(Number));
  return getTensor(node, 'value');
}

/** An identity says nothing to a runtime, but it would stand between a Conv and its activation. */
function removeIdentities(graph: OnnxGraph): void {
  const outputs = new Set(graph.outputs.map((output) => output.name));
  const alias = new Map<string, string>();
  graph.nodes = graph.nodes.filter((node) => {
    node.inputs = node.inputs.map((name) => alias.get(name) ?? name);
    const [input, output] = [node.inputs[0], node.outputs[0]];
    if (node.opType !== 'Identity' || input === undefined || output === undefined || outputs.has(output)) {
      return true;
    }
    alias.set(output, input);
    return false;
  });
}

function nameNodes(graph: OnnxGraph): void {
  const taken = new Set<string>();
  for (const node of graph.nodes) {
    // Unnamed nodes are called after what they make, which is unique in a graph.
    const wanted = node.name === '' ? `${node.opType}_${node.outputs[0] ?? ''}` : node.name;
    let name = wanted;
    for (let copy = 1; taken.has(name); copy++) name = `${wanted}_${copy}`;
    taken.add(name);
    node.name = name;
  }
}

const NARROW: ReadonlySet<OnnxDataType | null> = new Set(['float16', 'bfloat16']);

/** Attributes that name the element type of an operator's output. */
const TYPE_ATTRIBUTES: ReadonlySet<string> = new Set(['to', 'dtype']);

/**
 * Makes a float16 or bfloat16 graph one of float32, in place: constants exactly, casts to the narrow type to float32.
 *
 * @returns whether anything was narrow
 * @throws EffvitError UNSUPPORTED for narrow floats inside branches and loops
 */
function widenFloats(graph: OnnxGraph): boolean {
  let isNarrow = false;
  const wide = (tensor: OnnxTensor): OnnxTensor => {
    if (!NARROW.has(tensor.dataType)) return tensor;
    isNarrow = true;
    return float32Tensor(tensor.dims, tensorToFloat32(tensor));
  };
  const wideValue = (value: OnnxValueInfo): OnnxValueInfo => {
    if (!NARROW.has(value.dataType)) return value;
    isNarrow = true;
    return { ...value, dataType: 'float32' };
  };
  for (const [name, tensor] of graph.initializers) graph.initializers.set(name, wide(tensor));
  for (const node of graph.nodes) {
    for (const [name, attribute] of node.attributes) {
      if (attribute.type === 'tensor') {
        node.attributes.set(name, { type: 'tensor', value: wide(attribute.value) });
      } else if (TYPE_ATTRIBUTES.has(name) && isNarrowCode(attribute)) {
        isNarrow = true;
        node.attributes.set(name, { type: 'int', value: ELEMENT_TYPES.float32.code });
      } else if (attribute.type === 'graph' && hasNarrow(attribute.value)) {
        throw new EffvitError(
          'UNSUPPORTED',
          `The model has float16 values inside ${node.opType} ${JSON.stringify(node.name)}: give the float32 model.`,
          { context: { graphName: node.name } },
        );
      }
    }
  }
  graph.inputs = graph.inputs.map(wideValue);
  graph.outputs = graph.outputs.map(wideValue);
  for (const [name, value] of graph.valueInfo) graph.valueInfo.set(name, wideValue(value));
  return isNarrow;
}

function isNarrowCode(attribute: OnnxAttribute): boolean {
  return (
    attribute.type === 'int' &&
    (Number(attribute.value) === ELEMENT_TYPES.float16.code ||
      Number(attribute.value) === ELEMENT_TYPES.bfloat16.code)
  );
}

function hasNarrow(graph: OnnxGraph): boolean {
  return (
    [...graph.initializers.values()].some(({ dataType }) => NARROW.has(dataType)) ||
    graph.nodes.some((node) =>
      [...node.attributes.values()].some(
        (attribute) =>
          isNarrowCode(attribute) ||
          (attribute.type === 'tensor' && NARROW.has(attribute.value.dataType)) ||
          (attribute.type === 'graph' && hasNarrow(attribute.value)),
      ),
    )
  );
}

/** The first version whose DequantizeLinear takes a scale for each channel. */
const QUANTIZED_OPSET = 13;

/** The oldest version that is converted; from here on only a few operators changed their form up to 13. */
const OLDEST_OPSET = 11;

/** Attributes that became the second input in version 13 (ONNX change log). */
const ATTRIBUTE_TO_INPUT: Readonly<Record<string, string>> = {
  Squeeze: 'axes',
  Unsqueeze: 'axes',
  ReduceSum: 'axes',
  Split: 'split',
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
    if (moved !== undefined) attributeToInput(model.graph, node, moved);
    if (FLATTENING.has(node.opType)) alongOneAxis(node, rankOf(node.inputs[0] ?? ''));
  }
  model.opsets = model.opsets.map((opset) =>
    opset.domain === '' || opset.domain === 'ai.onnx' ? { ...opset, version: QUANTIZED_OPSET } : opset,
  );
}

function attributeToInput(graph: OnnxGraph, node: OnnxNode, attribute: string): void {
  const value = node.attributes.get(attribute);
  if (value?.type !== 'ints') return;
  const name = `${node.outputs[0]}_${attribute}`;
  graph.initializers.set(name, int64Vector(value.value.map(Number)));
  node.attributes.delete(attribute);
  node.inputs = [node.inputs[0] ?? '', name];
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
