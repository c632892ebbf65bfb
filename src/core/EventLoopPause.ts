import { setImmediate } from 'node:timers/promises';

/** Yields to timers and I/O between the steps of a long synchronous computation. */
export class EventLoopPause {
  readonly #everyMs: number;
  #lastMs = performance.now();

  /** @param everyMs Longest time between two pauses; a single step may take longer. */
  constructor(everyMs = 4) {
    this.#everyMs = everyMs;
  }

  /** Pauses for one turn of the event loop if the last pause was long enough ago. */
  async due(): Promise<void> {
    if (performance.now() - this.#lastMs < this.#everyMs) return;
    await setImmediate();
    this.#lastMs = performance.now();
  }
}
