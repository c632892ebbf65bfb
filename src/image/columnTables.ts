import type { AxisTaps } from './AxisTaps.js';

/** One output of a row: consecutive values of the weighed row from `first` on, and their weights. */
export interface WeightedRun {
  readonly first: number;
  readonly weights: readonly number[];
}

/** Horizontal taps as the kernel reads them; the number of outputs is rounded up to four. */
export interface ColumnTables {
  /** Index of the first value of each output. */
  readonly firsts: Int32Array;
  /** Pairs of weights: the first pair of each of four outputs, their second pairs, and so on; then the next four. */
  readonly weights: Int16Array;
  /** Pairs of every output; short runs are padded with zeros. */
  readonly pairs: number;
}

/** The taps of one output, over positions that are `pitch` values apart and start at `offset`. */
export function runOf(
  taps: AxisTaps,
  index: number,
  shift: number,
  pitch: number,
  offset: number,
): WeightedRun {
  const first = taps.firsts[index] ?? 0;
  const count = taps.counts[index] ?? 0;
  const begin = first >> shift;
  const weights = new Array<number>((((first + count - 1) >> shift) - begin) * pitch + 1).fill(0);
  for (let tap = 0; tap < count; tap++) {
    const place = (((first + tap) >> shift) - begin) * pitch;
    // The weights of positions that share a sample of subsampled chroma are added.
    weights[place] = (weights[place] ?? 0) + (taps.weights[index * taps.maxCount + tap] ?? 0);
  }
  return { first: begin * pitch + offset, weights };
}

/** Tables of any outputs: `first` counts values, or pixels if outputs are whole pixels. */
export function columnTables(runs: readonly WeightedRun[]): ColumnTables {
  const pairs = Math.max(1, ...runs.map((run) => Math.ceil(run.weights.length / 2)));
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
