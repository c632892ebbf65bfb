const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 10_000;

/**
 * How long to wait before a dead worker is replaced: 0.1 s, doubled with every death to 10 s, from the start
 * again once no worker has died for twice the last delay and at least 10 s. Deaths during one delay count
 * once: eight workers that a fault takes together are one fault.
 */
export class RestartBackoff {
  #delayMs = 0;
  #lastDeathMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs of any monotonic clock. @returns milliseconds until the replacement may start. */
  delayAfterDeathMs(nowMs: number): number {
    const sinceLastMs = nowMs - this.#lastDeathMs;
    if (sinceLastMs >= Math.max(2 * this.#delayMs, LAST_DELAY_MS)) this.#delayMs = FIRST_DELAY_MS;
    else if (sinceLastMs >= this.#delayMs) this.#delayMs = Math.min(2 * this.#delayMs, LAST_DELAY_MS);
    else return this.#delayMs - sinceLastMs;
    this.#lastDeathMs = nowMs;
    return this.#delayMs;
  }
}
