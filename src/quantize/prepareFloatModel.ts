import { EffvitError } from '../core/EffvitError.js';
import {
  getTensor,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
} from '../onnx/OnnxModel.js';
import { float32Tensor, int64Vector, type OnnxTensor } from '../onnx/OnnxTensor.js';
import { topologicalOrder } from '../onnx/topologicalOrder.js';
import { widenFloats } from './widenFloats.js';

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
