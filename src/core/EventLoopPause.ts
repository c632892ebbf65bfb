import { setImmediate } from 'node:timers/promises';

/** Lets a long run of synchronous steps give way to timers and I/O. */
export class EventLoopPause {
  readonly #everyMs: number;
  #lastMs = performance.now();

  /** @param everyMs Longest time between two pauses, as far as the steps allow. */
  constructor(everyMs = 4) {
    this.#everyMs = everyMs;
  }

  /** Pauses for one turn of the event loop where the last pause is long enough ago. */
  async due(): Promise<void> {
    if (performance.now() - this.#lastMs < this.#everyMs) return;
    await setImmediate();
    this.#lastMs = performance.now();
  }
}
