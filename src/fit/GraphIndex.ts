import type { OnnxGraph, OnnxNode, OnnxTensor } from '../onnx/OnnxModel.js';
import { getTensor } from '../onnx/onnxAttributes.js';
import { tensorToNumbers } from '../onnx/onnxTensors.js';

/** Producers and consumers of values, by name. */
export class GraphIndex {
  readonly #graph: OnnxGraph;
  readonly #makers = new Map<string, OnnxNode>();
  readonly #consumers = new Map<string, OnnxNode[]>();

  constructor(graph: OnnxGraph) {
    this.#graph = graph;
    for (const node of graph.nodes) {
      for (const name of node.outputs) this.#makers.set(name, node);
      for (const name of new Set(node.inputs)) {
        const consumers = this.#consumers.get(name);
        if (consumers === undefined) this.#consumers.set(name, [node]);
        else consumers.push(node);
      }
    }
  }

  makerOf(name: string | undefined): OnnxNode | undefined {
    return name === undefined ? undefined : this.#makers.get(name);
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
      const maker = this.#makers.get(at);
      if (maker === undefined) return undefined;
      if (maker.opType === 'Constant') {
        const value = maker.attributes.get('value_float');
        if (value?.type === 'float') return [value.value];
        const tensor = getTensor(maker, 'value');
        return tensor === null ? undefined : numbersOf(tensor);
      }
      if (!/^(?:Identity|Cast|Reshape|Squeeze|Unsqueeze|Transpose)$/.test(maker.opType)) return undefined;
      at = maker.inputs[0];
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
