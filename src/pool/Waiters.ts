/** Callers that wait for a condition, which somebody else knows when to look at again. */
export class Waiters {
  readonly #isMet: () => boolean;
  #waiting: (() => void)[] = [];

  constructor(isMet: () => boolean) {
    this.#isMet = isMet;
  }

  /** Resolves when the condition holds. */
  async wait(): Promise<void> {
    while (!this.#isMet()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** To be called after anything that may have met the condition. Everybody who waits is told. */
  look(): void {
    if (this.#waiting.length === 0 || !this.#isMet()) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
