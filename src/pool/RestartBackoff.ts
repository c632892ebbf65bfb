import { NS_PER_MS } from '../stats/monotonicNs.js';
import type { PoolClock } from './PoolClock.js';

const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 10_000;

/**
 * Delay before a dead worker is replaced: 0.1 s, doubled with every death up to 10 s. It is reset once no worker has
 * died for twice the last delay and at least 10 s. Deaths during one delay count once, because one fault can kill all
 * workers together.
 */
export class RestartBackoff {
  readonly #clock: Pick<PoolClock, 'nowNs'>;
  #delayMs = 0;
  #lastDeathMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<PoolClock, 'nowNs'>) {
    this.#clock = clock;
  }

  /** Call this at a death. @returns milliseconds until the replacement may start. */
  nextDelayMs(): number {
    const nowMs = this.#clock.nowNs() / NS_PER_MS;
    const sinceLastMs = nowMs - this.#lastDeathMs;
    if (sinceLastMs >= Math.max(2 * this.#delayMs, LAST_DELAY_MS)) this.#delayMs = FIRST_DELAY_MS;
    else if (sinceLastMs >= this.#delayMs) this.#delayMs = Math.min(2 * this.#delayMs, LAST_DELAY_MS);
    else return this.#delayMs - sinceLastMs;
    this.#lastDeathMs = nowMs;
    return this.#delayMs;
  }
}
