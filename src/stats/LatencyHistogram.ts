import { createHistogram } from 'node:perf_hooks';

/** Summary of a distribution of times; all fields are 0 if nothing was recorded. */
export interface LatencySummary {
  readonly count: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** The histogram covers 1 ns to 73 minutes; longer times count as 73 minutes, but `maxNs` is exact. */
const HIGHEST_NS = 2 ** 42;
/** Significant digits of a percentile: within 1/128 (0.8 %) of the recorded value. */
const FIGURES = 2;

/** Histogram of times in nanoseconds, in constant memory: percentiles within 0.8 %; count, mean and maximum exact. */
export class LatencyHistogram {
  /** HdrHistogram (Gil Tene), as built into Node.js. */
  readonly #histogram = createHistogram({ lowest: 1, highest: HIGHEST_NS, figures: FIGURES });
  #sumNs = 0;
  #maxNs = 0;

  get count(): number {
    return this.#histogram.count;
  }

  /** Adds one time; below 1 ns (and NaN, which a broken clock gives) counts as 1 ns. */
  record(valueNs: number): void {
    const value = valueNs >= 1 ? valueNs : 1;
    this.#histogram.record(Math.min(Math.round(value), HIGHEST_NS));
    this.#sumNs += value;
    if (value > this.#maxNs) this.#maxNs = value;
  }

  /** Adds everything that `other` recorded. */
  merge(other: LatencyHistogram): void {
    this.#histogram.add(other.#histogram);
    this.#sumNs += other.#sumNs;
    this.#maxNs = Math.max(this.#maxNs, other.#maxNs);
  }

  reset(): void {
    this.#histogram.reset();
    this.#sumNs = 0;
    this.#maxNs = 0;
  }

  /**
   * The smallest recorded time that at least `fraction` (0..1) of the times do not exceed (nearest rank), to
   * 0.8 %; 0 if nothing was recorded.
   */
  percentileNs(fraction: number): number {
    const { count } = this;
    if (count === 0) return 0;
    const rank = Math.min(Math.max(Math.ceil(fraction * count), 1), count);
    return Math.min(this.#histogram.percentile((100 * rank) / count), this.#maxNs);
  }

  summary(): LatencySummary {
    return {
      count: this.count,
      meanNs: this.count === 0 ? 0 : this.#sumNs / this.count,
      p50Ns: this.percentileNs(0.5),
      p95Ns: this.percentileNs(0.95),
      p99Ns: this.percentileNs(0.99),
      maxNs: this.#maxNs,
    };
  }
}
