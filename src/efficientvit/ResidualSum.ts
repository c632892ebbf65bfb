import type { GraphBuilder, Value } from './GraphBuilder.js';

/**
 * The running sum of a stage's residual branches: base + (branch 1 + branch 2 + ...).
 *
 * The branches are summed separately, and the base is added to each partial sum, instead of adding branch after branch
 * to one stream. In 8 bits a quantisation step of the stream is as large as a branch's contribution, and every sum
 * rounds again, so errors accumulate. The separate sum has a step of about a tenth, and the rounding of the base does
 * not reach later sums. In float the two differ only in the order of summation.
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

  /** The base plus all branches so far. */
  get value(): Value {
    return this.#value;
  }

  /** @param at path of the branch's module, after which the sum is named as in the torch.onnx export. */
  add(at: string, branch: Value): void {
    this.#branches =
      this.#branches === null
        ? branch
        : this.#builder.elementwise('Add', `${at}/branches/Add`, this.#branches, branch);
    this.#value = this.#builder.elementwise('Add', `${at}/Add`, this.#base, this.#branches);
  }
}
