const PERIOD_MS = 20;

/**
 * Measures time that a loaded machine does not stretch: an interval that fires late counts as one period, so the time
 * in which this machine ran nobody is left out.
 */
export class RunningTime {
  #elapsedMs = 0;
  readonly #timer = setInterval(() => {
    this.#elapsedMs += PERIOD_MS;
  }, PERIOD_MS);

  /** Ends the measurement. @returns milliseconds since it was created. */
  stop(): number {
    clearInterval(this.#timer);
    return this.#elapsedMs;
  }
}
