/** Smaller than any positive float32, with a finite logarithm. */
const TINY = 1e-45;

/**
 * The model's output as logits: probabilities are the softmax of their own logarithms.
 *
 * @param values float32, one per class, finite.
 */
export function logitsOf(values: Float32Array, activation: 'logits' | 'probabilities'): Float32Array {
  if (activation === 'logits') return values;
  return values.map((value) => Math.log(Math.max(value, TINY)));
}

/**
 * The probabilities of all classes: softmax(logits / temperature).
 *
 * @param values float32, one per class, finite: logits, or probabilities, which are unchanged at temperature 1.
 * @param temperature above 0; 1 changes nothing, a larger one makes the scores less confident.
 */
export function classProbabilities(
  values: Float32Array,
  activation: 'logits' | 'probabilities',
  temperature = 1,
): Float64Array {
  const scores = new Float64Array(values.length);
  if (activation === 'probabilities' && temperature === 1) {
    for (let index = 0; index < scores.length; index++) {
      scores[index] = Math.min(1, Math.max(0, values[index] ?? 0));
    }
    return scores;
  }
  const logits = logitsOf(values, activation);
  const max = maxOf(logits);
  let sum = 0;
  for (let index = 0; index < logits.length; index++) {
    const part = Math.exp(((logits[index] ?? 0) - max) / temperature);
    scores[index] = part;
    sum += part;
  }
  for (let index = 0; index < scores.length; index++) scores[index] = (scores[index] ?? 0) / sum;
  return scores;
}

/** The largest value. By index: an iterator allocates an object per class. */
export function maxOf(values: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) max = Math.max(max, values[index] ?? max);
  return max;
}
