import type { OnnxGraph, OnnxNode, OnnxTensor } from '../onnx/OnnxModel.js';
import { getTensor } from '../onnx/onnxAttributes.js';
import { tensorToNumbers } from '../onnx/onnxTensors.js';
import { consumersOf } from '../onnx/topologicalOrder.js';

/** Producers and consumers of values, by name. */
export class GraphIndex {
  readonly #graph: OnnxGraph;
  readonly #producers = new Map<string, OnnxNode>();
  readonly #consumers: ReadonlyMap<string, readonly OnnxNode[]>;

  constructor(graph: OnnxGraph) {
    this.#graph = graph;
    this.#consumers = consumersOf(graph);
    for (const node of graph.nodes) for (const name of node.outputs) this.#producers.set(name, node);
  }

  producerOf(name: string | undefined): OnnxNode | undefined {
    return name === undefined ? undefined : this.#producers.get(name);
  }

  consumersOf(name: string): readonly OnnxNode[] {
    return this.#consumers.get(name) ?? [];
  }

  /** The numbers of a constant, also behind operators that only change shape or type; undefined for other values. */
  constantOf(name: string | undefined): readonly number[] | undefined {
    let at = name;
    for (let step = 0; step < 8 && at !== undefined; step++) {
      const initializer = this.#graph.initializers.get(at);
      if (initializer !== undefined) return numbersOf(initializer);
      const producer = this.#producers.get(at);
      if (producer === undefined) return undefined;
      if (producer.opType === 'Constant') {
        const value = producer.attributes.get('value_float');
        if (value?.type === 'float') return [value.value];
        const tensor = getTensor(producer, 'value');
        return tensor === null ? undefined : numbersOf(tensor);
      }
      if (!/^(?:Identity|Cast|Reshape|Squeeze|Unsqueeze|Transpose)$/.test(producer.opType)) return undefined;
      at = producer.inputs[0];
    }
    return undefined;
  }
}

function numbersOf(tensor: OnnxTensor): readonly number[] | undefined {
  // Large constants were read without their data.
  if (tensor.dims.reduce((count, length) => count * length, 1) > 0 && tensor.data.length === 0)
    return undefined;
  try {
    return tensorToNumbers(tensor);
  } catch {
    return undefined;
  }
}
