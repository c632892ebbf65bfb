/** What is told of a distribution of times; every field but `count` is 0 where nothing was recorded. */
export interface LatencySummary {
  readonly count: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** Buckets per power of two: a percentile is within 1/128 (0.8 %) of the value that was recorded. */
const SUB_BUCKET_BITS = 6;
/** Times from 1 ns to 2^42 ns (73 minutes); longer ones count in the last bucket, `maxNs` stays exact. */
const POWERS_OF_TWO = 42;
const BUCKET_COUNT = POWERS_OF_TWO << SUB_BUCKET_BITS;

/**
 * The high word of an IEEE 754 double, its sign, exponent and first 20 bits of fraction, cut after
 * SUB_BUCKET_BITS of the fraction, is already a log-linear bucket number: recording needs no logarithm
 * and no branch by magnitude.
 */
const HIGH_WORD_SHIFT = 20 - SUB_BUCKET_BITS;
const EXPONENT_BIAS = 1023 << SUB_BUCKET_BITS;
const float64 = new Float64Array(1);
const words = new Uint32Array(float64.buffer);
/** Where a double's high word lies; every machine that Node.js runs on but s390x is little-endian. */
const HIGH_WORD = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

function bucketOf(valueNs: number): number {
  float64[0] = valueNs;
  const bucket = ((words[HIGH_WORD] ?? 0) >>> HIGH_WORD_SHIFT) - EXPONENT_BIAS;
  return bucket < BUCKET_COUNT ? bucket : BUCKET_COUNT - 1;
}

function lowestOf(bucket: number): number {
  words[1 - HIGH_WORD] = 0;
  words[HIGH_WORD] = (bucket + EXPONENT_BIAS) << HIGH_WORD_SHIFT;
  return float64[0] ?? 0;
}

/**
 * Times in nanoseconds, in fixed memory (10.5 KB) whatever their number: percentiles to 0.8 %, count, mean
 * and maximum exact.
 *
 * The bucket layout is that of HdrHistogram (Gil Tene), with the double's own exponent as the magnitude.
 */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKET_COUNT);
  #count = 0;
  #sumNs = 0;
  #minNs = Number.POSITIVE_INFINITY;
  #maxNs = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds one time; below 1 ns (and NaN, which a broken clock gives) counts as 1 ns. */
  record(valueNs: number): void {
    const isTime = valueNs >= 1;
    const value = isTime ? valueNs : 1;
    const bucket = bucketOf(value);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sumNs += value;
    if (value > this.#maxNs) this.#maxNs = value;
    if (value < this.#minNs) this.#minNs = value;
  }

  /** Adds everything that `other` recorded. */
  merge(other: LatencyHistogram): void {
    if (other.#count === 0) return;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket += 1) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + (other.#counts[bucket] ?? 0);
    }
    this.#count += other.#count;
    this.#sumNs += other.#sumNs;
    this.#maxNs = Math.max(this.#maxNs, other.#maxNs);
    this.#minNs = Math.min(this.#minNs, other.#minNs);
  }

  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sumNs = 0;
    this.#minNs = Number.POSITIVE_INFINITY;
    this.#maxNs = 0;
  }

  /**
   * The smallest recorded time that at least `fraction` (0..1) of the times do not exceed (nearest rank), to
   * 0.8 %; 0 where nothing was recorded.
   */
  percentileNs(fraction: number): number {
    if (this.#count === 0) return 0;
    const rank = Math.min(Math.max(Math.ceil(fraction * this.#count), 1), this.#count);
    let seen = 0;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket += 1) {
      seen += this.#counts[bucket] ?? 0;
      if (seen < rank) continue;
      const middle = (lowestOf(bucket) + lowestOf(bucket + 1)) / 2;
      return Math.min(Math.max(middle, this.#minNs), this.#maxNs);
    }
    return this.#maxNs;
  }

  summary(): LatencySummary {
    return {
      count: this.#count,
      meanNs: this.#count === 0 ? 0 : this.#sumNs / this.#count,
      p50Ns: this.percentileNs(0.5),
      p95Ns: this.percentileNs(0.95),
      p99Ns: this.percentileNs(0.99),
      maxNs: this.#maxNs,
    };
  }
}
