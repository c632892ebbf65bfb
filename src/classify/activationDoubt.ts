import type { ModelManifest } from '../model/ModelManifest.js';

/** Sums of float16 and int8 graphs differ from 1 by less. */
const TOLERANCE = 0.02;

/**
 * One sentence if a frame's values contradict the manifest's `output.activation`; undefined if they agree.
 *
 * @param values one per class, as the model gave them.
 */
export function activationDoubt(
  values: Float32Array,
  { name, output }: Pick<ModelManifest, 'name' | 'output'>,
): string | undefined {
  let [sum, min, max] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const isInRange = min >= -TOLERANCE && max <= 1 + TOLERANCE;
  if (output.activation === 'probabilities') {
    // The comparison is also false for NaN, which the results report.
    if (!(min < -TOLERANCE || max > 1 + TOLERANCE)) return undefined;
    return `The scores of ${name} go from ${min.toPrecision(3)} to ${max.toPrecision(3)}, so they are logits, but its manifest says probabilities and what is not between 0 and 1 is cut off: write \`output: { activation: logits }\` into it.`;
  }
  if (values.length < 2 || !isInRange || Math.abs(sum - 1) > TOLERANCE) return undefined;
  return `The scores of ${name} lie between 0 and 1 and their sum is 1, so they are probabilities, but they are taken for logits, which makes all classes nearly equal: write \`output: { activation: probabilities }\` into its manifest.yaml.`;
}
