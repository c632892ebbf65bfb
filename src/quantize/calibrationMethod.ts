import { EffvitError } from '../core/EffvitError.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import type { RangeMethod } from './chooseRange.js';
import { cosineSimilarity } from './compareModels.js';
import type { MakertbinConfig } from './makertbinSchema.js';
import { type FloatValue, throwIfCancelled, withRunners } from './OrtRunner.js';
import type { QuantizationPlan } from './planNodes.js';
import type { Quantizer } from './Quantizer.js';

/** Percentiles that the search of `default` tries, besides KL and the least squared error. */
const SEARCHED_PERCENTILES = [1, 0.99999, 0.9999] as const;

/**
 * The ways of calibration that a configuration allows: one, or for `default` several, of which the best is to be
 * found by trying. `mix` takes for each value by itself the clipping with the least squared error; `skip`
 * calibrates on noise, which shows the speed and nothing else.
 *
 * @throws EffvitError UNSUPPORTED for `load`
 */
export function rangeMethods({ calibration_parameters: calibration }: MakertbinConfig): RangeMethod[] {
  const { calibration_type: type, max_percentile: percentile } = calibration;
  if (type === 'load') {
    throw new EffvitError(
      'UNSUPPORTED',
      'calibration_type load takes the steps of a model that was trained quantised, which is not handled here: ' +
        'choose max, kl, mix or default.',
    );
  }
  const methods: Record<typeof type, RangeMethod[]> = {
    max: [{ kind: 'max', percentile }],
    kl: [{ kind: 'kl' }],
    mix: [{ kind: 'mse' }],
    skip: [{ kind: 'max', percentile: 1 }],
    default: [
      ...SEARCHED_PERCENTILES.map((tried): RangeMethod => ({ kind: 'max', percentile: tried })),
      { kind: 'kl' },
      { kind: 'mse' },
    ],
  };
  return methods[type];
}

/** For reports: `max 0.99999`, `kl`, `least squared error`. */
export function methodName(method: RangeMethod): string {
  if (method.kind === 'max') return method.percentile === 1 ? 'max' : `max ${method.percentile}`;
  return method.kind === 'kl' ? 'kl' : 'least squared error';
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
      outputs.push(await runner.runForOutput(sample));
    }
    return outputs;
  });
}
