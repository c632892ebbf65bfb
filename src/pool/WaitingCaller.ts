import type { PoolClock, PoolTimer } from './PoolClock.js';
import type { WorkerChoice } from './WorkerChoice.js';

type FreeTimes = Pick<WorkerChoice<unknown>, 'nextFreeMs'>;

/** A caller that has frames and waits until the pool wants one. */
export class WaitingCaller {
  readonly #clock: PoolClock;
  readonly #choice: FreeTimes;
  readonly #isWanted: () => boolean;
  readonly #onFree: () => void;
  #callback: (() => void) | undefined;
  #timer: PoolTimer | undefined;

  /** @param onFree called when a worker is about to be free; calls {@link notify}. */
  constructor(clock: PoolClock, choice: FreeTimes, isWanted: () => boolean, onFree: () => void) {
    this.#clock = clock;
    this.#choice = choice;
    this.#isWanted = isWanted;
    this.#onFree = onFree;
  }

  /** Calls once, when a frame is wanted; replaces the previous callback. */
  whenWanted(callback: () => void): void {
    this.#callback = callback;
    this.notify();
  }

  /** Calls the waiting caller if a frame is wanted, else looks again when a worker is about to be free. */
  notify(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const callback = this.#callback;
    if (callback === undefined) return;
    if (this.#isWanted()) {
      this.#callback = undefined;
      callback();
      return;
    }
    const delayMs = this.#choice.nextFreeMs;
    // Until a worker's service time is known, the end of its frame triggers the next check.
    if (Number.isFinite(delayMs)) this.#timer = this.#clock.setTimer(Math.max(delayMs, 1), this.#onFree);
  }
}
