import type { ValueHistogram } from './ValueHistogram.js';

/** The part of an activation's values that gets quantisation steps; values outside are clipped to it. */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
}

/** How a range follows from the values seen. */
export type RangeMethod =
  /** All values, but for the share `1 - percentile` at each end (1: all of them). */
  | { readonly kind: 'max'; readonly percentile: number }
  /** The clipping that loses the least information (Migacz, 8-bit Inference with TensorRT, GTC 2017). */
  | { readonly kind: 'kl' }
  /** The clipping with the least expected squared error. */
  | { readonly kind: 'mse' };

/** The range always holds zero: padding and folded activations need an exact zero. */
export function chooseRange(histogram: ValueHistogram, method: RangeMethod, levels: number): ValueRange {
  if (histogram.total === 0) return { min: 0, max: 0 };
  const range = rangeOf(histogram, method, levels);
  return { min: Math.min(0, range.min), max: Math.max(0, range.max) };
}

function rangeOf(histogram: ValueHistogram, method: RangeMethod, levels: number): ValueRange {
  if (method.kind === 'kl') return klRange(histogram, levels);
  if (method.kind === 'mse') return mseRange(histogram, levels);
  return {
    min: histogram.min < 0 ? histogram.quantile(1 - method.percentile) : histogram.min,
    max: histogram.max > 0 ? histogram.quantile(method.percentile) : histogram.max,
  };
}

/** Bins of the folded histogram that the KL search runs on, as the method's author has it. */
const KL_BINS = 2048;

function klRange(histogram: ValueHistogram, levels: number): ValueRange {
  const limit = Math.max(-histogram.min, histogram.max);
  const isOneSided = histogram.min >= 0 || histogram.max <= 0;
  const steps = isOneSided ? levels : levels / 2;
  // More steps than bins: nothing is lost by any clipping, so nothing is clipped.
  if (limit === 0 || steps >= KL_BINS) return { min: histogram.min, max: histogram.max };
  const folded = foldedCounts(histogram, limit);
  let best = KL_BINS;
  let least = Number.POSITIVE_INFINITY;
  for (let used = steps; used <= KL_BINS; used += Math.max(1, steps / 16)) {
    const divergence = klDivergence(folded, used, steps);
    if (divergence < least) {
      least = divergence;
      best = used;
    }
  }
  const threshold = (limit * best) / KL_BINS;
  return { min: Math.max(histogram.min, -threshold), max: Math.min(histogram.max, threshold) };
}

/** Counts of absolute values in {@link KL_BINS} bins from 0 to `limit`. */
function foldedCounts(histogram: ValueHistogram, limit: number): Float64Array {
  const folded = new Float64Array(KL_BINS);
  histogram.forEachBin((middle, count) => {
    const index = Math.min(KL_BINS - 1, Math.floor((Math.abs(middle) / limit) * KL_BINS));
    folded[index] = (folded[index] ?? 0) + count;
  });
  // Zeros of rectifiers outnumber all else, and every clipping keeps them: they must not decide it.
  folded[0] = folded[1] ?? 0;
  return folded;
}

/** Information lost when the first `used` bins are distinguished by `steps` values only, the rest clipped. */
function klDivergence(counts: Float64Array, used: number, steps: number): number {
  const reference = counts.slice(0, used);
  const clipped = sumOf(counts.subarray(used));
  reference[used - 1] = (reference[used - 1] ?? 0) + clipped;
  const approximate = new Float64Array(used);
  for (let step = 0; step < steps; step++) {
    const from = Math.floor((step * used) / steps);
    const to = Math.floor(((step + 1) * used) / steps);
    let sum = 0;
    let filled = 0;
    for (let bin = from; bin < to; bin++) {
      sum += counts[bin] ?? 0;
      if ((reference[bin] ?? 0) > 0) filled++;
    }
    if (filled === 0) continue;
    for (let bin = from; bin < to; bin++) if ((reference[bin] ?? 0) > 0) approximate[bin] = sum / filled;
  }
  const [referenceSum, approximateSum] = [sumOf(reference), sumOf(approximate)];
  if (referenceSum === 0 || approximateSum === 0) return Number.POSITIVE_INFINITY;
  let divergence = 0;
  for (let bin = 0; bin < used; bin++) {
    const p = (reference[bin] ?? 0) / referenceSum;
    if (p === 0) continue;
    // A bin that clipping filled and that quantisation cannot reach: a tiny share keeps the sum finite.
    const q = Math.max((approximate[bin] ?? 0) / approximateSum, 1e-12);
    divergence += p * Math.log(p / q);
  }
  return divergence;
}

function sumOf(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}

/** Shares of the full range that the search tries at each end. */
const MSE_SHARES = Array.from({ length: 40 }, (_, index) => 1 - index * 0.02);

function mseRange(histogram: ValueHistogram, levels: number): ValueRange {
  const lowest = Math.min(0, histogram.min);
  const highest = Math.max(0, histogram.max);
  let best: ValueRange = { min: lowest, max: highest };
  let least = Number.POSITIVE_INFINITY;
  for (const share of MSE_SHARES) {
    const range = { min: lowest * share, max: highest * share };
    const error = expectedSquaredError(histogram, range, levels);
    if (error < least) {
      least = error;
      best = range;
    }
  }
  return best;
}

/** Mean squared error of a value that is clipped to the range and rounded to one of `levels` steps. */
export function expectedSquaredError(histogram: ValueHistogram, range: ValueRange, levels: number): number {
  const step = (range.max - range.min) / (levels - 1);
  const rounding = (step * step) / 12;
  let sum = 0;
  histogram.forEachBin((value, count) => {
    const beyond = value < range.min ? range.min - value : value > range.max ? value - range.max : 0;
    sum += count * (beyond > 0 ? beyond * beyond : rounding);
  });
  return sum / Math.max(1, histogram.total);
}
