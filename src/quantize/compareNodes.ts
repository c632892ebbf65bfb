import type { OnnxGraph, OnnxModel } from '../onnx/OnnxModel.js';
import type { FloatValue } from './OrtRunner.js';
import type { Precision } from './QuantParams.js';
import { CosineSum } from './similarity.js';
import { throwIfCancelled } from './throwIfCancelled.js';
import { withRunners } from './withRunners.js';

/** Similarity of one node's output in the quantised and the float model. */
export interface NodeSimilarity {
  readonly node: string;
  readonly opType: string;
  /** What its output is held in. */
  readonly precision: Precision;
  /** Cosine similarity over all values of its output and all pictures. */
  readonly cosine: number;
}

/**
 * Runs both models with all their values exposed and compares them node by node, worst first. Nodes that the
 * quantised model lacks (a rectifier's predecessor, an identity) are omitted.
 *
 * @throws EffvitError CANCELLED, INFERENCE_FAILED
 */
export async function compareNodes(
  float: OnnxModel,
  quantized: OnnxModel,
  inputs: readonly FloatValue[],
  signal?: AbortSignal,
): Promise<NodeSimilarity[]> {
  const pairs = comparablePairs(float.graph, quantized.graph);
  const sums = new Map(pairs.map(({ value }) => [value, new CosineSum()]));
  const models = [
    { model: float, options: { extraOutputs: pairs.map(({ value }) => value) } },
    { model: quantized, options: { extraOutputs: pairs.map(({ counterpart }) => counterpart) } },
  ];
  await withRunners(models, async (runners) => {
    for (const input of inputs) {
      throwIfCancelled(signal);
      const [left, right] = await Promise.all(runners.map((runner) => runner.run(input)));
      for (const { value, counterpart } of pairs) {
        const [a, b] = [left?.get(value), right?.get(counterpart)];
        if (a !== undefined && b !== undefined) sums.get(value)?.add(a.data, b.data);
      }
    }
  });
  return pairs
    .map(({ node, opType, precision, value }) => ({
      node,
      opType,
      precision,
      cosine: sums.get(value)?.value ?? 0,
    }))
    .sort((a, b) => a.cosine - b.cosine);
}

interface Pair {
  readonly node: string;
  readonly opType: string;
  readonly value: string;
  /** What the readers of the value get in the quantised model. */
  readonly counterpart: string;
  readonly precision: Precision;
}

function comparablePairs(float: OnnxGraph, quantized: OnnxGraph): Pair[] {
  const made = new Set(quantized.nodes.flatMap((node) => node.outputs));
  const pairs: Pair[] = [];
  for (const node of float.nodes) {
    const value = node.outputs[0] ?? '';
    // The names that insertQuantization gives.
    const forms: readonly [string, Precision][] = [
      [`${value}_dequantized`, 'int8'],
      [`${value}_int16_dequantized`, 'int16'],
      [value, 'float'],
    ];
    const form = forms.find(([name]) => made.has(name));
    if (value === '' || form === undefined) continue;
    pairs.push({ node: node.name, opType: node.opType, value, counterpart: form[0], precision: form[1] });
  }
  return pairs;
}
