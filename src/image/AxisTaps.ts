/** One output: the weighted sum of consecutive source positions from `first` on. */
export interface WeightedRun {
  readonly first: number;
  readonly weights: readonly number[];
}

/** The outputs of one axis; their runs never move backwards, and the weights of each add up to the weight sum exactly. */
export type AxisTaps = readonly WeightedRun[];

/** The most weights of a run. */
export function longestRun(runs: readonly WeightedRun[]): number {
  return Math.max(0, ...runs.map(({ weights }) => weights.length));
}

/** Positions from `begin` to before `end`. */
export interface Interval {
  readonly begin: number;
  readonly end: number;
}

/** From the first position that the taps read to the last. */
export function spanOf(taps: AxisTaps): Interval {
  const last = taps.at(-1);
  return { begin: taps[0]?.first ?? 0, end: last === undefined ? 0 : last.first + last.weights.length };
}

/** The positions that the taps read, ascending; those between may be left out. */
export function positionsOf(taps: AxisTaps): number[] {
  const positions = new Set<number>();
  for (const { first, weights } of taps) {
    for (let position = first; position < first + weights.length; position++) positions.add(position);
  }
  return [...positions];
}

/** Weights of vertical taps add up to this: 255 times this sum fits a u16. */
export const VERTICAL_WEIGHT_SUM = 256;
/** Weights of horizontal taps add up to this: 255 * 128 times this sum fits an i32. */
export const HORIZONTAL_WEIGHT_SUM = 16384;

export type ResampleFilter = 'bilinear' | 'antialias' | 'area';

export interface AxisSpec {
  /** The source's first position; 0 if absent. */
  readonly sourceBegin?: number;
  readonly sourceLength: number;
  /** Length of the whole source after scaling. */
  readonly scaledLength: number;
  /** The first scaled position to compute, and the number of positions. */
  readonly begin: number;
  readonly count: number;
  readonly filter: ResampleFilter;
  readonly weightSum: number;
}

/** Two taps around the half-pixel centre, the border repeated (OpenCV's INTER_LINEAR), in exact fractions. */
function bilinearTaps(spec: AxisSpec, position: number): WeightedRun {
  const { sourceLength, scaledLength, weightSum } = spec;
  // (position + 0.5) * sourceLength / scaledLength - 0.5, times 2 * scaledLength.
  const numerator = (2 * position + 1) * sourceLength - scaledLength;
  const denominator = 2 * scaledLength;
  const index = Math.floor(numerator / denominator);
  if (index < 0) return { first: 0, weights: [weightSum] };
  if (index >= sourceLength - 1) return { first: sourceLength - 1, weights: [weightSum] };
  const second = Math.floor(
    (2 * weightSum * (numerator - index * denominator) + denominator) / (2 * denominator),
  );
  return { first: index, weights: [weightSum - second, second] };
}

/**
 * Integer weights in proportion to `shares`. The running sum is rounded, so that the total is exact and no position is
 * favoured.
 */
function quantised(shares: readonly number[], weightSum: number): number[] {
  const total = shares.reduce((sum, share) => sum + share, 0);
  let shared = 0;
  let given = 0;
  return shares.map((share) => {
    shared += share;
    const upTo = Math.floor((2 * shared * weightSum + total) / (2 * total));
    const weight = upTo - given;
    given = upTo;
    return weight;
  });
}

/** The exact share of every source position in [position, position + 1) * source / scaled. */
function areaTaps({ sourceLength, scaledLength, weightSum }: AxisSpec, position: number): WeightedRun {
  // In units of 1 / scaledLength of a source position: an output is sourceLength long, a source scaledLength.
  const begin = position * sourceLength;
  const end = begin + sourceLength;
  const first = Math.floor(begin / scaledLength);
  const shares: number[] = [];
  for (let index = first; index * scaledLength < end; index++) {
    shares.push(Math.min(end, (index + 1) * scaledLength) - Math.max(begin, index * scaledLength));
  }
  return { first, weights: quantised(shares, weightSum) };
}

/** A triangle twice as wide as an output, cut off at the border: Pillow's BILINEAR, torchvision's antialias. */
function antialiasTaps({ sourceLength, scaledLength, weightSum }: AxisSpec, position: number): WeightedRun {
  // In units of 1 / (2 * scaledLength) of a source position.
  const centre = (2 * position + 1) * sourceLength;
  const halfWidth = 2 * sourceLength;
  const first = Math.max(0, Math.floor((centre - halfWidth) / (2 * scaledLength)));
  const shares: number[] = [];
  for (let index = first; index < sourceLength; index++) {
    const distance = (2 * index + 1) * scaledLength - centre;
    if (distance >= halfWidth) break;
    shares.push(Math.max(0, halfWidth - Math.abs(distance)));
  }
  return { first, weights: quantised(shares, weightSum) };
}

function withoutZeros({ first, weights }: WeightedRun, sourceBegin: number): WeightedRun {
  let begin = 0;
  let end = weights.length;
  while (begin < end - 1 && weights[begin] === 0) begin++;
  while (end > begin + 1 && weights[end - 1] === 0) end--;
  return { first: sourceBegin + first + begin, weights: weights.slice(begin, end) };
}

const TAPS = { bilinear: bilinearTaps, antialias: antialiasTaps, area: areaTaps };

/** Integer taps of one axis; the same on every machine. With every filter, an axis that is not shrunk is bilinear. */
export function axisTaps(spec: AxisSpec): AxisTaps {
  const shrinks = spec.sourceLength > spec.scaledLength;
  const tapsOf = TAPS[shrinks ? spec.filter : 'bilinear'];
  return Array.from({ length: spec.count }, (_, index) =>
    withoutZeros(tapsOf(spec, spec.begin + index), spec.sourceBegin ?? 0),
  );
}
