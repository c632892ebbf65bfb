import type { OnnxModel } from '../onnx/OnnxModel.js';
import type { RangeMethod } from './chooseRange.js';
import type { QuantizationPlan } from './NodePlan.js';
import type { FloatValue } from './OrtRunner.js';
import type { Quantizer } from './Quantizer.js';
import { cosineSimilarity } from './similarity.js';
import { throwIfCancelled } from './throwIfCancelled.js';
import { withRunners } from './withRunners.js';

/**
 * The method whose quantised model comes nearest to the float model on the samples, by the mean cosine
 * similarity of the outputs; a single method is not tried.
 *
 * @param methods at least one
 */
export async function searchMethod(
  quantizer: Quantizer,
  plan: QuantizationPlan,
  methods: readonly RangeMethod[],
  reduceRange: boolean,
  samples: readonly FloatValue[],
  signal?: AbortSignal,
  onMethod?: (done: number, total: number) => void,
): Promise<RangeMethod> {
  const [first, ...others] = methods;
  if (first === undefined) throw new RangeError('No method to choose from.');
  if (others.length === 0) return first;
  const references = await outputsOf(quantizer.model, samples, signal);
  let best = first;
  let highest = Number.NEGATIVE_INFINITY;
  for (const [index, method] of methods.entries()) {
    const { model } = quantizer.build(plan, { method, reduceRange });
    const outputs = await outputsOf(model, samples, signal);
    const total = outputs.reduce(
      (sum, output, at) => sum + cosineSimilarity(output, references[at] ?? new Float32Array()),
      0,
    );
    if (total > highest) {
      highest = total;
      best = method;
    }
    onMethod?.(index + 1, methods.length);
  }
  return best;
}

function outputsOf(
  model: OnnxModel,
  samples: readonly FloatValue[],
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  return withRunners([model], async ([runner]) => {
    const outputs: Float32Array[] = [];
    for (const sample of samples) {
      throwIfCancelled(signal);
      if (runner !== undefined) outputs.push(await runner.runForOutput(sample));
    }
    return outputs;
  });
}
