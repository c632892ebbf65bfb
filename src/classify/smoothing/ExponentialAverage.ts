/**
 * Exponential average of scores over time. A frame has the weight 1 - exp(-dt / tau), with dt the time since the
 * previous frame. The step response 1 - exp(-t / tau) is then the same at any frame rate.
 */
export class ExponentialAverage {
  #scores: Float64Array | undefined;

  /**
   * @param scores one per class, of this frame.
   * @param sinceNs time since the previous frame.
   * @param timeConstantNs tau, above 0.
   * @returns the averages, in a read-only array that is reused.
   */
  take(scores: Float64Array, sinceNs: number, timeConstantNs: number): Float64Array {
    const averages = this.#scores;
    if (averages === undefined) {
      this.#scores = scores.slice();
      return this.#scores;
    }
    const weight = -Math.expm1(-sinceNs / timeConstantNs);
    for (let index = 0; index < averages.length; index++) {
      const average = averages[index] ?? 0;
      averages[index] = average + weight * ((scores[index] ?? 0) - average);
    }
    return averages;
  }
}
