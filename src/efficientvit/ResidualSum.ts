import type { GraphBuilder, Value } from './GraphBuilder.js';

/**
 * The running sum of a stage's residual branches: base + (branch 1 + branch 2 + ...).
 *
 * What the branches add is summed by itself and the base added to each partial sum, instead of branch after branch to
 * one stream. In 8 bits the stream's step is as large as what a branch adds to it, and each sum rounds again: the errors
 * pile up. The branches' own sum has a step of a tenth of that, and what the base rounds away no later sum sees. In
 * float the two differ by the order of summation alone.
 */
export class ResidualSum {
  readonly #builder: GraphBuilder;
  readonly #base: Value;
  #branches: Value | null = null;
  #value: Value;

  constructor(builder: GraphBuilder, base: Value) {
    this.#builder = builder;
    this.#base = base;
    this.#value = base;
  }

  /** The base and all that was added. */
  get value(): Value {
    return this.#value;
  }

  /** @param at the module whose branch it is; the sum is named after it as in the export. */
  add(at: string, branch: Value): void {
    this.#branches =
      this.#branches === null
        ? branch
        : this.#builder.elementwise('Add', `${at}/branches/Add`, this.#branches, branch);
    this.#value = this.#builder.elementwise('Add', `${at}/Add`, this.#base, this.#branches);
  }
}
