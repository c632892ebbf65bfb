import type { OnnxGraph, OnnxNode } from '../onnx/OnnxModel.js';
import { producersOf } from '../onnx/topologicalOrder.js';
import type { FloatValues } from './OrtRunner.js';
import { type OperatorClass, operatorClass } from './operatorClass.js';
import type { Precision } from './QuantParams.js';

/** Precision of one node's inputs and outputs. */
export interface NodePlan {
  /** For each input of the node, in its order. */
  readonly inputs: readonly Precision[];
  /** For every output. */
  readonly output: Precision;
}

/** Plans by node name; every node of the prepared graph has one. */
export type QuantizationPlan = ReadonlyMap<string, NodePlan>;

/**
 * Which nodes become int8 if the configuration does not say: `fast` those that gain time on a CPU,
 * `full` every one that a BPU would compute in int8, to see what that costs in accuracy.
 */
export const COVERAGES = ['fast', 'full'] as const;

export type Coverage = (typeof COVERAGES)[number];

/** Precision that a configuration requests for one node; the coverage decides the rest. */
export interface NodeRequest {
  /** All inputs, or undefined. */
  readonly input?: Precision;
  /** Single inputs, which win over `input`. */
  readonly inputs?: ReadonlyMap<number, Precision>;
  readonly output?: Precision;
}

export interface PlanOptions {
  readonly coverage: Coverage;
  /** By node name. */
  readonly requests: ReadonlyMap<string, NodeRequest>;
  /** Precision of the graph's outputs; `float` unless the configuration says otherwise. */
  readonly modelOutput: Precision;
}

/** Decides the precision of the inputs and outputs of every node of a prepared graph. */
export function planNodes(graph: OnnxGraph, floats: FloatValues, options: PlanOptions): QuantizationPlan {
  const producers = producersOf(graph);
  const modelOutputs = new Set(graph.outputs.map((output) => output.name));
  const plan = new Map<string, NodePlan>();
  for (const node of graph.nodes) {
    const request = options.requests.get(node.name);
    const isFloat = (name: string): boolean =>
      floats.has(name) || graph.initializers.get(name)?.dataType === 'float32';
    const base = basePrecision(operatorClass(node, graph), options.coverage, () =>
      incomingPrecision(node, producers, plan, floats),
    );
    const inputs = node.inputs.map(
      (name, index): Precision =>
        isFloat(name) ? (request?.inputs?.get(index) ?? request?.input ?? base) : 'float',
    );
    const isModelOutput = node.outputs.some((name) => modelOutputs.has(name));
    const own = request?.output ?? (isModelOutput ? options.modelOutput : base);
    const output = node.outputs.every((name) => name === '' || floats.has(name)) ? own : 'float';
    plan.set(node.name, { inputs, output });
  }
  return plan;
}

/**
 * What pays on a CPU, measured by test/bench/quantize.bench.ts on EfficientViT-M5 (ONNX Runtime 1.30, AVX-512 VNNI):
 * convolutions and the Gemm alone make the model 1.49 times as fast, with the layout operators and pools between them
 * 1.61, with every node in int8 1.68. MatMul, softmax, Mul, Sigmoid and Add gain 3 % at most, each taken by itself:
 * they are small, and the conversions beside them cost nearly as much.
 *
 * Sums stay float for another reason. A residual stream in int8 is rounded again by every sum, to steps that are
 * larger than what most branches add to it: those contributions are lost. On 800 held-out pictures of the bundled
 * model, float sums took the mean cosine of the outputs from 0.948 to 0.999 and agreement from 98.3 to 99.8 %.
 */
function basePrecision(kind: OperatorClass, coverage: Coverage, incoming: () => Precision): Precision {
  if (kind === 'weighted') return 'int8';
  if (kind === 'none') return 'float';
  if (kind === 'layout' || kind === 'rectifier') return incoming();
  if (coverage === 'full') return 'int8';
  return kind === 'pooling' ? incoming() : 'float';
}

/** The precision of a node's inputs as their producers give them: int8 if one of them is int8. */
function incomingPrecision(
  node: OnnxNode,
  producers: ReadonlyMap<string, OnnxNode>,
  plan: ReadonlyMap<string, NodePlan>,
  floats: FloatValues,
): Precision {
  const made = node.inputs
    .filter((name) => floats.has(name))
    .map((name) => plan.get(producers.get(name)?.name ?? '')?.output ?? 'float');
  return made.find((precision) => precision !== 'float') ?? 'float';
}
