/** One repetition of a measurement: so many frames, from so many threads. */
export interface PerfRun {
  readonly frameCount: number;
  readonly runTimeMs: number;
  /** frameCount / runTimeMs. */
  readonly framesPerSecond: number;
  /** The forward pass, from passing the input until the output can be read. */
  readonly latencyMs: ReturnType<typeof latencyFigures>;
  /** What the rest of the way takes for a frame: copy, handover, preprocessing, postprocessing, delivery; median. */
  readonly pipelineMs: number;
  /** Share of the device's time that was spent on frames, 0 to 100; absent if unknown. */
  readonly deviceUtilisationPercent?: number | undefined;
  /** Processor time of this process for a frame. */
  readonly cpuMsPerFrame: number;
}

/** All repetitions with one number of threads. */
export interface PerfSeries {
  readonly threads: number;
  readonly runs: readonly PerfRun[];
  /** The run with the median rate (the lower of two), which is reported. */
  readonly median: PerfRun;
  /** Lowest and highest rate. */
  readonly framesPerSecondRange: readonly [number, number];
}

/** Mean, extremes and nearest-rank percentiles of times in milliseconds. */
export function latencyFigures(timesMs: readonly number[]) {
  const sorted = timesMs.toSorted((a, b) => a - b);
  const at = (fraction: number): number =>
    sorted[Math.min(Math.max(Math.ceil(fraction * sorted.length) - 1, 0), sorted.length - 1)] ?? 0;
  const sum = sorted.reduce((total, time) => total + time, 0);
  return {
    mean: sorted.length === 0 ? 0 : sum / sorted.length,
    min: at(0),
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    max: at(1),
  };
}

/** @param runs at least one. */
export function perfSeries(threads: number, runs: readonly PerfRun[]): PerfSeries {
  const byRate = runs.toSorted((a, b) => a.framesPerSecond - b.framesPerSecond);
  const [slowest, fastest] = [byRate[0], byRate.at(-1)];
  const median = byRate[Math.floor((byRate.length - 1) / 2)];
  if (slowest === undefined || fastest === undefined || median === undefined) {
    throw new RangeError('A series needs at least one run.');
  }
  return {
    threads,
    runs,
    median,
    framesPerSecondRange: [slowest.framesPerSecond, fastest.framesPerSecond],
  };
}
