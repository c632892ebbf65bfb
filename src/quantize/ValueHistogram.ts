/** Enough that the finest quantisation step of 8 bits spans several bins even after the range grew. */
const DEFAULT_BINS = 8192;

/**
 * Histogram of values in one pass and constant memory: equal bins over a range that doubles, merging bins in pairs,
 * whenever a value falls outside it. Minimum and maximum are exact.
 */
export class ValueHistogram {
  readonly counts: Float64Array;
  /** Smallest value seen; Infinity before the first. */
  min = Number.POSITIVE_INFINITY;
  /** Largest value seen; -Infinity before the first. */
  max = Number.NEGATIVE_INFINITY;
  /** Lower edge of the first bin. */
  start = 0;
  binWidth = 0;
  /** Values counted. */
  total = 0;

  constructor(bins = DEFAULT_BINS) {
    this.counts = new Float64Array(bins);
  }

  /** Counts every value. @returns how many were NaN or infinite, and so were not counted */
  add(values: Float32Array): number {
    let { min: lowest, max: highest } = this;
    let skipped = 0;
    for (const value of values) {
      if (!Number.isFinite(value)) skipped++;
      else {
        if (value < lowest) lowest = value;
        if (value > highest) highest = value;
      }
    }
    if (highest < lowest) return skipped;
    this.#cover(lowest, highest);
    this.min = lowest;
    this.max = highest;
    const { counts, start } = this;
    const last = counts.length - 1;
    const perBin = 1 / this.binWidth;
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      const bin = Math.floor((value - start) * perBin);
      const index = Math.max(0, Math.min(last, bin));
      counts[index] = (counts[index] ?? 0) + 1;
    }
    this.total += values.length - skipped;
    return skipped;
  }

  /** The value below which the share `quantile` (0 to 1) of all values lies, to within a bin. */
  quantile(quantile: number): number {
    if (quantile <= 0) return this.min;
    if (quantile >= 1) return this.max;
    const wanted = quantile * this.total;
    let below = 0;
    for (let bin = 0; bin < this.counts.length; bin++) {
      const count = this.counts[bin] ?? 0;
      if (below + count >= wanted && count > 0) {
        const value = this.start + (bin + (wanted - below) / count) * this.binWidth;
        return Math.min(this.max, Math.max(this.min, value));
      }
      below += count;
    }
    return this.max;
  }

  /** Calls `use` for every bin that holds values. */
  forEachBin(use: (middle: number, count: number) => void): void {
    this.counts.forEach((count, bin) => {
      if (count > 0) use(this.start + (bin + 0.5) * this.binWidth, count);
    });
  }

  #cover(lowest: number, highest: number): void {
    const bins = this.counts.length;
    if (this.binWidth === 0) {
      // A constant still gets bins of some width; float32 holds no difference below this share of a value.
      const span = Math.max(highest - lowest, Math.abs(highest) * 1e-6, 1e-30);
      this.start = lowest;
      this.binWidth = span / bins;
      return;
    }
    while (highest > this.start + bins * this.binWidth) this.#double(0);
    while (lowest < this.start) {
      this.start -= bins * this.binWidth;
      this.#double(bins / 2);
    }
  }

  /** Merges bins in pairs into the half that begins at `target`; the range grows at the other end. */
  #double(target: number): void {
    const { counts } = this;
    const half = counts.length / 2;
    const merged = new Float64Array(counts.length);
    for (let index = 0; index < half; index++) {
      merged[target + index] = (counts[2 * index] ?? 0) + (counts[2 * index + 1] ?? 0);
    }
    counts.set(merged);
    this.binWidth *= 2;
  }
}
