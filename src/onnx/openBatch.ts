import type { OnnxGraph, OnnxModel, OnnxNode, OnnxValueInfo } from './OnnxModel.js';
import type { OnnxTensor } from './OnnxTensor.js';

/**
 * Opens the batch of a graph that takes one picture: its input and outputs get the first dimension `N`, every Reshape
 * keeps the first dimension instead of setting it, and every Split of the first dimension into equal parts gives as many
 * parts of any size. A graph with an open batch stays as it is.
 *
 * This cannot know what else a graph computes across its first dimension, so results must be compared with those of
 * single pictures.
 */
export function openBatch(model: OnnxModel): OnnxModel {
  const { graph } = model;
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  if (!inputs.some(({ shape }) => shape !== null && shape.length > 1 && shape[0] === 1)) return model;
  const initializers = new Map(graph.initializers);
  const openedNode = (node: OnnxNode): OnnxNode => {
    if (node.opType === 'Reshape') return openedReshape(node, graph, initializers);
    return node.opType === 'Split' ? openedSplit(node, graph) : node;
  };
  return {
    ...model,
    graph: {
      ...graph,
      nodes: graph.nodes.map(openedNode),
      initializers,
      inputs: graph.inputs.map((value) => (graph.initializers.has(value.name) ? value : opened(value))),
      outputs: graph.outputs.map(opened),
      // With too few known shapes, ONNX Runtime would choose other kernels, whose results differ in the last bits.
      valueInfo: new Map([...graph.valueInfo].map(([name, value]) => [name, opened(value)])),
    },
  };
}

function opened(value: OnnxValueInfo): OnnxValueInfo {
  const { shape } = value;
  if (shape === null || shape.length < 2) return value;
  const first = shape[0] === 1 ? 'N' : null;
  return { ...value, shape: [first, ...shape.slice(1)] };
}

function openedReshape(node: OnnxNode, graph: OnnxGraph, initializers: Map<string, OnnxTensor>): OnnxNode {
  const [data = '', shape = ''] = node.inputs;
  const target = constantOf(graph, shape);
  if (!(target?.data instanceof BigInt64Array) || (target.data[0] ?? 0n) <= 0n) return node;
  const name = `${shape}_open_batch`;
  const dims = target.data.slice();
  dims[0] = 0n;
  initializers.set(name, { ...target, data: dims });
  return without(node, 'allowzero', [data, name]);
}

function openedSplit(node: OnnxNode, graph: OnnxGraph): OnnxNode {
  const axis = node.attributes.get('axis');
  if (axis?.type === 'int' && Number(axis.value) !== 0) return node;
  const [data = '', lengths = ''] = node.inputs;
  const attribute = node.attributes.get('split');
  const parts = attribute?.type === 'ints' ? attribute.value : constantOf(graph, lengths)?.data;
  const isEqual = parts !== undefined && new Set(Array.from(parts, Number)).size === 1;
  return isEqual ? without(node, 'split', [data]) : node;
}

function without(node: OnnxNode, attribute: string, inputs: string[]): OnnxNode {
  const attributes = new Map(node.attributes);
  attributes.delete(attribute);
  return { ...node, inputs, attributes };
}

/** Exporters write a constant as an initializer, or as a node. */
function constantOf({ initializers, nodes }: OnnxGraph, name: string): OnnxTensor | undefined {
  const known = initializers.get(name);
  if (known !== undefined || name === '') return known;
  const node = nodes.find(({ opType, outputs }) => opType === 'Constant' && outputs[0] === name);
  const value = node?.attributes.get('value');
  return value?.type === 'tensor' ? value.value : undefined;
}
