/** Where the curves are read off: close together at the end, where the slow frames are. */
export const PERCENTS: readonly number[] = [
  ...Array.from({ length: 46 }, (_, index) => index * 2),
  ...Array.from({ length: 18 }, (_, index) => 91 + index * 0.5),
  99.9,
  100,
];

/**
 * Percentiles (nearest rank) of each stage over the frames that passed it: raw frames are not decoded, and their 0
 * is not a fast decoding; in the order of {@link PERCENTS}. Stages that no frame passed are left out.
 *
 * @param timesMs one row a frame, one column a stage.
 */
export function latencyCurves(stages: readonly string[], timesMs: readonly (readonly number[])[]) {
  return stages.flatMap((stage, column) => {
    const measured = timesMs.map((row) => row[column] ?? 0).filter((timeMs) => timeMs > 0);
    if (measured.length === 0) return [];
    const sorted = Float64Array.from(measured).sort();
    const valuesMs = PERCENTS.map((percent) => {
      const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
      return sorted[rank - 1] ?? 0;
    });
    return [{ stage, valuesMs }];
  });
}
