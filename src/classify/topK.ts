/** One of the k largest values. */
export interface TopKEntry {
  readonly index: number;
  /** Probability in [0, 1]. */
  readonly score: number;
}

/**
 * The `k` most probable classes, best first; equal values stand in the order of their indices, so that the
 * same logits always give the same list.
 *
 * For `logits` the probabilities are the softmax over all classes, made stable by subtracting the largest
 * value and summed in float64. For `probabilities` the values are taken as they are, cut to [0, 1].
 *
 * @param values float32, one per class, finite.
 * @param k at least 1; more than the number of classes gives all of them.
 */
export function topK(values: Float32Array, k: number, activation: 'logits' | 'probabilities'): TopKEntry[] {
  const best = largest(values, Math.min(k, values.length));
  if (activation === 'probabilities') {
    return best.map((index) => ({ index, score: Math.min(1, Math.max(0, values[index] ?? 0)) }));
  }
  const max = values[best[0] ?? 0] ?? 0;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - max);
  return best.map((index) => ({ index, score: Math.exp((values[index] ?? 0) - max) / sum }));
}

/** Indices of the `k` largest values by insertion: k is small, and most values fail the first comparison. */
function largest(values: Float32Array, k: number): number[] {
  const indices: number[] = [];
  const kept: number[] = [];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? Number.NEGATIVE_INFINITY;
    if (kept.length === k && value <= (kept[k - 1] ?? Number.NEGATIVE_INFINITY)) continue;
    let place = kept.length;
    // Strictly smaller: an equal value that came first stays first.
    while (place > 0 && (kept[place - 1] ?? 0) < value) place--;
    kept.splice(place, 0, value);
    indices.splice(place, 0, index);
    if (kept.length > k) {
      kept.pop();
      indices.pop();
    }
  }
  return indices;
}
