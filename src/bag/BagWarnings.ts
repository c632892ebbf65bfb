/** Limits the memory for a bag with a hundred thousand broken chunks. */
const MOST_KEPT = 50;

/** What is missing from a bag, one sentence each, in the order found; grows while the bag is read. */
export class BagWarnings {
  readonly #sentences: string[] = [];
  readonly #seen = new Set<string>();
  #leftOutCount = 0;

  /** A repeated sentence is kept once. */
  add(sentence: string): void {
    if (this.#seen.has(sentence)) return;
    if (this.#sentences.length >= MOST_KEPT) {
      this.#leftOutCount += 1;
      return;
    }
    this.#seen.add(sentence);
    this.#sentences.push(sentence);
  }

  list(): readonly string[] {
    if (this.#leftOutCount === 0) return [...this.#sentences];
    return [...this.#sentences, `${this.#leftOutCount} more problems of this kind are not listed.`];
  }
}

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
