/** Sums for the cosine of the angle between two lists of numbers, which may come in parts. */
export class CosineSum {
  #product = 0;
  #left = 0;
  #right = 0;

  /** @throws RangeError if the lengths differ */
  add(left: Float32Array, right: Float32Array): void {
    if (left.length !== right.length) throw new RangeError(`${left.length} values against ${right.length}.`);
    for (let index = 0; index < left.length; index++) {
      const a = left[index] ?? 0;
      const b = right[index] ?? 0;
      this.#product += a * b;
      this.#left += a * a;
      this.#right += b * b;
    }
  }

  /** 1 for the same direction, also if both are all zeros; 0 if one of them is. */
  get value(): number {
    if (this.#left === 0 && this.#right === 0) return 1;
    if (this.#left === 0 || this.#right === 0) return 0;
    return Math.min(1, this.#product / Math.sqrt(this.#left * this.#right));
  }
}

export function cosineSimilarity(left: Float32Array, right: Float32Array): number {
  const sum = new CosineSum();
  sum.add(left, right);
  return sum.value;
}
