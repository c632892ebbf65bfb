import type { OnnxGraph, OnnxModel } from '../onnx/OnnxModel.js';
import { consumersOf, producersOf } from '../onnx/topologicalOrder.js';
import { compareNodes, compareSpeed, type OutputComparison } from './compareModels.js';
import type { FloatValue } from './OrtRunner.js';
import type { Coverage, NodeRequest, PlanOptions } from './planNodes.js';
import type { Quantizer } from './Quantizer.js';
import { PRECISIONS, type Precision } from './QuantParams.js';

/** The model with every softmax in one precision, all other nodes as planned. */
export type AblationRow = Awaited<ReturnType<typeof ablateSoftmax>>[number];

type SoftmaxVariant = ReturnType<typeof softmaxVariants>[number];

/** Plans of all variants, for {@link Quantizer.calibrate}: the coverage asked for, and everything in int8. */
export function softmaxVariants(quantizer: Quantizer, options: PlanOptions) {
  const coverages = new Set<Coverage>([options.coverage, 'full']);
  return [...coverages].flatMap((coverage) =>
    PRECISIONS.map((softmax) => {
      const requests = softmaxRequests(quantizer.model.graph, options.requests, softmax);
      return { softmax, coverage, plan: quantizer.plan({ ...options, coverage, requests }) };
    }),
  );
}

/**
 * Measures what the precision of the softmax alone changes, in accuracy and in time.
 *
 * @param variants each with its model and what compareOutputs said of it
 * @param speedRounds of each speed comparison; 0 leaves it out
 * @throws EffvitError CANCELLED, INFERENCE_FAILED
 */
export async function ablateSoftmax(
  float: OnnxModel,
  variants: readonly (SoftmaxVariant & {
    readonly model: OnnxModel;
    readonly outputs: OutputComparison | undefined;
  })[],
  samples: readonly FloatValue[],
  speedRounds: number,
  signal: AbortSignal | undefined,
  onVariant: (done: number, total: number) => void,
) {
  const rows = [];
  for (const { softmax, coverage, model, outputs } of variants) {
    if (outputs === undefined) continue;
    const nodes = await compareNodes(float, model, samples, signal);
    const cosines = nodes.filter((node) => node.opType === 'Softmax').map((node) => node.cosine);
    const mean = cosines.reduce((sum, cosine) => sum + cosine, 0) / Math.max(1, cosines.length);
    const speed = await compareSpeed(float, model, samples[0], speedRounds, signal);
    rows.push({
      softmax,
      coverage,
      outputs,
      /** Cosine similarity of the softmax nodes' outputs with the float model's. */
      softmaxCosine: { mean, min: Math.min(1, ...cosines) },
      ...(speed && { speed }),
    });
    onVariant(rows.length, variants.length);
  }
  return rows;
}

/**
 * Requests for one precision of every softmax of the graph, which override the given ones. For `float` its inputs
 * and outputs stay float as well: a softmax is not computed in float if its input was rounded to int8 before.
 */
function softmaxRequests(
  graph: OnnxGraph,
  base: ReadonlyMap<string, NodeRequest>,
  precision: Precision,
): Map<string, NodeRequest> {
  const requests = new Map(base);
  const producers = producersOf(graph);
  const consumers = consumersOf(graph);
  for (const softmax of graph.nodes.filter((node) => node.opType === 'Softmax')) {
    requests.set(softmax.name, { input: precision, output: precision });
    if (precision !== 'float') continue;
    const producer = producers.get(softmax.inputs[0] ?? '');
    if (producer !== undefined) {
      requests.set(producer.name, { ...requests.get(producer.name), output: 'float' });
    }
    const [output = ''] = softmax.outputs;
    for (const reader of consumers.get(output) ?? []) {
      const inputs = new Map(requests.get(reader.name)?.inputs);
      inputs.set(reader.inputs.indexOf(output), 'float');
      requests.set(reader.name, { ...requests.get(reader.name), inputs });
    }
  }
  return requests;
}
