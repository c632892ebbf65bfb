import { isPlausibleDelay } from '../../stats/stampDelay.js';

const NS_PER_S = 1e9;
/** A camera is judged over the frames of this time. */
const WINDOW_NS = 5e9;

/** Judges a camera's stamps against the node's clock. */
export class StampWatch {
  #windowStartNs = Number.NEGATIVE_INFINITY;
  #last: bigint | undefined;
  #backwards = 0;
  #skewNs: number | undefined;
  #problem: string | undefined;
  #problemNs = Number.NEGATIVE_INFINITY;

  /**
   * @param stampNs of a frame; 0: no stamp.
   * @param nowNs on the node's clock; undefined before it has a time.
   * @param monotonicNs current time, for the window.
   */
  observe(stampNs: bigint, nowNs: bigint | undefined, monotonicNs: number): void {
    if (stampNs === 0n) return;
    if (monotonicNs - this.#windowStartNs > WINDOW_NS) {
      this.#windowStartNs = monotonicNs;
      this.#backwards = 0;
      this.#skewNs = undefined;
    }
    if (this.#last !== undefined && stampNs < this.#last) this.#backwards += 1;
    this.#last = stampNs;
    if (nowNs !== undefined) {
      const delayNs = Number(nowNs - stampNs);
      // The smallest delay of the window: frames may arrive late, but never before they were captured.
      if (this.#skewNs === undefined || delayNs < this.#skewNs) this.#skewNs = delayNs;
    }
    const problem = this.#judge();
    if (problem === undefined) return;
    this.#problem = problem;
    this.#problemNs = monotonicNs;
  }

  /** The problem with the stamps of the last seconds; undefined if there is none. */
  problem(monotonicNs: number): string | undefined {
    return monotonicNs - this.#problemNs < WINDOW_NS ? this.#problem : undefined;
  }

  #judge(): string | undefined {
    const skewNs = this.#skewNs;
    if (skewNs !== undefined && !isPlausibleDelay(skewNs)) {
      const seconds = (Math.abs(skewNs) / NS_PER_S).toFixed(3);
      return skewNs < 0
        ? `stamps are ${seconds} s ahead of the node's clock: synchronise the clocks`
        : `stamps are ${seconds} s behind the node's clock: of another clock, since boot perhaps`;
    }
    return this.#backwards > 0
      ? `stamps ran backwards ${this.#backwards} times in the last seconds`
      : undefined;
  }
}
