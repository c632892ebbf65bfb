import type { BagWarnings } from './BagWarnings.js';

/** Counts messages of a file that cannot be read, and warns once with the first reason. */
export class LostMessages {
  readonly #warnings: BagWarnings;
  #count = 0;
  #reason = '';

  constructor(warnings: BagWarnings) {
    this.#warnings = warnings;
  }

  add(reason: string): void {
    this.#count += 1;
    this.#reason ||= reason;
  }

  /** @param what The messages and their file, as the sentence names them. */
  warn(what: string): void {
    if (this.#count > 0) this.#warnings.add(`${this.#count} ${what} are missing: ${this.#reason}`);
  }
}
