import { longestRun, type WeightedRun } from './AxisTaps.js';

/** Horizontal taps as the kernel reads them; the number of outputs is rounded up to four. */
export interface ColumnTables {
  /** Index of the first value of each output. */
  readonly firsts: Int32Array;
  /** Pairs of weights: the first pair of each of four outputs, their second pairs, and so on; then the next four. */
  readonly weights: Int16Array;
  /** Pairs of every output; short runs are padded with zeros. */
  readonly pairs: number;
}

/** The same output over samples of `1 << shift` positions that are `pitch` values apart and start at `offset`. */
export function spreadRun(
  { first, weights }: WeightedRun,
  shift: number,
  pitch: number,
  offset: number,
): WeightedRun {
  const begin = first >> shift;
  const last = (first + weights.length - 1) >> shift;
  const spread = new Array<number>((last - begin) * pitch + 1).fill(0);
  weights.forEach((weight, tap) => {
    const place = (((first + tap) >> shift) - begin) * pitch;
    // The weights of positions that share a sample of subsampled chroma are added.
    spread[place] = (spread[place] ?? 0) + weight;
  });
  return { first: begin * pitch + offset, weights: spread };
}

/** Tables of any outputs: `first` counts values, or pixels if outputs are whole pixels. */
export function columnTables(runs: readonly WeightedRun[]): ColumnTables {
  const pairs = Math.max(1, Math.ceil(longestRun(runs) / 2));
  const outputs = Math.ceil(runs.length / 4) * 4;
  const firsts = new Int32Array(outputs);
  const weights = new Int16Array(outputs * pairs * 2);
  runs.forEach((run, index) => {
    firsts[index] = run.first;
    run.weights.forEach((weight, tap) => {
      const place = ((index >> 2) * pairs + (tap >> 1)) * 4 + (index & 3);
      weights[2 * place + (tap & 1)] = weight;
    });
  });
  return { firsts, weights, pairs };
}
