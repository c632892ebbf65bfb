import type { RangeMethod } from './chooseRange.js';
import type { QuantizationPlan } from './NodePlan.js';
import { type FloatValue, OrtRunner } from './OrtRunner.js';
import type { Quantizer } from './Quantizer.js';
import { cosineSimilarity } from './similarity.js';
import { throwIfCancelled } from './throwIfCancelled.js';

export interface SearchOptions {
  readonly signal?: AbortSignal;
  readonly onMethod?: (done: number, total: number) => void;
}

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
  { signal, onMethod }: SearchOptions = {},
): Promise<RangeMethod> {
  const [first, ...others] = methods;
  if (first === undefined) throw new RangeError('No method to choose from.');
  if (others.length === 0) return first;
  const references = await outputsOf(await OrtRunner.create(quantizer.model), samples, signal);
  let best = first;
  let highest = Number.NEGATIVE_INFINITY;
  for (const [index, method] of methods.entries()) {
    const { model } = quantizer.build(plan, { method, reduceRange });
    const outputs = await outputsOf(await OrtRunner.create(model), samples, signal);
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

async function outputsOf(
  runner: OrtRunner,
  samples: readonly FloatValue[],
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  try {
    const outputs: Float32Array[] = [];
    for (const sample of samples) {
      throwIfCancelled(signal);
      outputs.push(await runner.runForOutput(sample));
    }
    return outputs;
  } finally {
    await runner.dispose();
  }
}
