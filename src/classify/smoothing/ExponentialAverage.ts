/**
 * Exponential average of scores over time. A frame weighs 1 - exp(-dt / tau), dt since the frame before, so that the
 * result is the same at any frame rate: of a step at time 0, 1 - exp(-t / tau) is seen at time t.
 */
export class ExponentialAverage {
  #timeConstantNs: number;
  #scores: Float64Array | undefined;

  /** @param timeConstantNs tau, above 0. */
  constructor(timeConstantNs: number) {
    this.#timeConstantNs = timeConstantNs;
  }

  setTime(timeConstantNs: number): void {
    this.#timeConstantNs = timeConstantNs;
  }

  /**
   * @param scores one a class, of this frame.
   * @param sinceNs since the frame before.
   * @returns the averages: always the same memory, to be read only.
   */
  take(scores: Float64Array, sinceNs: number): Float64Array {
    const averages = this.#scores;
    if (averages === undefined) {
      this.#scores = scores.slice();
      return this.#scores;
    }
    const weight = -Math.expm1(-sinceNs / this.#timeConstantNs);
    for (let index = 0; index < averages.length; index++) {
      const average = averages[index] ?? 0;
      averages[index] = average + weight * ((scores[index] ?? 0) - average);
    }
    return averages;
  }
}
