import { logitsOf } from './classProbabilities.js';

/** One of the k largest values. */
export interface TopKEntry {
  readonly index: number;
  /** Probability in [0, 1]. */
  readonly score: number;
}

/** Which scores a frame's result needs. */
export interface Ranking {
  /** The number of classes, at least 1. */
  readonly k: number;
  readonly activation: 'logits' | 'probabilities';
  /** The logits are divided by it; above 0. */
  readonly temperature: number;
}

/**
 * The `k` most probable classes, best first; equal values are ordered by index, so that the same logits always give the
 * same list.
 *
 * For `logits` the probabilities are the softmax over all classes, made stable by subtracting the largest value and
 * summed in float64. For `probabilities` the values are only clamped to [0, 1].
 *
 * @param values float32, one per class, finite.
 * @param k at least 1; above the number of classes all are returned.
 * @param temperature that logits are divided by, above 0.
 */
export function topK(
  values: Float32Array,
  k: number,
  activation: 'logits' | 'probabilities',
  temperature = 1,
): TopKEntry[] {
  const best = largest(values, Math.min(k, values.length));
  if (activation === 'probabilities' && temperature === 1) {
    return best.map((index) => ({ index, score: Math.min(1, Math.max(0, values[index] ?? 0)) }));
  }
  const logits = logitsOf(values, activation);
  const max = logits[best[0] ?? 0] ?? 0;
  const sum = sumOfExponentials(logits, max, temperature);
  return best.map((index) => ({ index, score: Math.exp(((logits[index] ?? 0) - max) / temperature) / sum }));
}

/**
 * A separate function with an index loop, to avoid garbage: an iterator allocates an object per class, and a variable
 * captured by a closure a number per sum. Together they were 2 MB/s.
 */
function sumOfExponentials(values: Float32Array, max: number, temperature: number): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++)
    sum += Math.exp(((values[index] ?? 0) - max) / temperature);
  return sum;
}

/**
 * Indices of the `k` largest values, the largest first, by insertion: k is small, and most values fail the first
 * comparison.
 */
export function largest(values: Float32Array | Float64Array, k: number): number[] {
  const indices: number[] = [];
  let smallest = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? Number.NEGATIVE_INFINITY;
    if (indices.length === k && value <= smallest) continue;
    // Smaller values move by one place and the last of k drops out; an equal, earlier value stays first.
    let place = Math.min(indices.length, k - 1);
    while (place > 0 && (values[indices[place - 1] ?? 0] ?? 0) < value) {
      indices[place] = indices[place - 1] ?? 0;
      place--;
    }
    indices[place] = index;
    smallest = values[indices.at(-1) ?? 0] ?? smallest;
  }
  return indices;
}
