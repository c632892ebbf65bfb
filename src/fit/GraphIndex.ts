import { getTensor, type OnnxGraph, type OnnxNode } from '../onnx/OnnxModel.js';
import { type OnnxTensor, tensorToNumbers } from '../onnx/OnnxTensor.js';
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
    // An optional output that is left out.
    this.#producers.delete('');
  }

  producerOf(name = ''): OnnxNode | undefined {
    return this.#producers.get(name);
  }

  consumersOf(name: string): readonly OnnxNode[] {
    return this.#consumers.get(name) ?? [];
  }

  /** The numbers of a constant, also behind operators that only change shape or type; undefined for other values. */
  constantOf(name = '', mostOperators = 8): readonly number[] | undefined {
    const initializer = this.#graph.initializers.get(name);
    if (initializer !== undefined) return numbersOf(initializer);
    const producer = this.#producers.get(name);
    if (producer?.opType === 'Constant') {
      const value = producer.attributes.get('value_float');
      const tensor = getTensor(producer, 'value');
      return value?.type === 'float' ? [value.value] : tensor === null ? undefined : numbersOf(tensor);
    }
    const isPassing = /^(?:Identity|Cast|Reshape|Squeeze|Unsqueeze|Transpose)$/.test(producer?.opType ?? '');
    return isPassing && mostOperators > 1
      ? this.constantOf(producer?.inputs[0], mostOperators - 1)
      : undefined;
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
