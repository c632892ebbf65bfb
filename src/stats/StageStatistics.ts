import { LatencyHistogram, type LatencySummary } from './LatencyHistogram.js';

/**
 * The parts of a frame's way. `queueWait` to `delivery` add up to `total`, which is from admission until the
 * result was delivered; `delay` is from the header's stamp until then, where a clock that the stamps belong to
 * is known.
 */
export const STAGES = [
  'queueWait',
  'copy',
  'handover',
  'decode',
  'preprocess',
  'batchWait',
  'inference',
  'postprocess',
  'delivery',
  'total',
  'delay',
] as const;

export type Stage = (typeof STAGES)[number];

export type StageSummaries = Readonly<Record<Stage, LatencySummary>>;

function perStage<T>(make: (stage: Stage) => T): Record<Stage, T> {
  const made: Partial<Record<Stage, T>> = {};
  for (const stage of STAGES) made[stage] = make(stage);
  return made as Record<Stage, T>;
}

/**
 * Latencies of every stage, both since the start (or {@link reset}) and since the last window was taken: a
 * 1 Hz publisher takes a window each second, a report reads the summary at the end.
 */
export class StageStatistics {
  /** Times of the window that has not been taken yet are in `#window` alone: each is recorded once. */
  readonly #taken = perStage(() => new LatencyHistogram());
  readonly #window = perStage(() => new LatencyHistogram());

  record(stage: Stage, valueNs: number): void {
    this.#window[stage].record(valueNs);
  }

  /** Everything since the start or the last {@link reset}. */
  summary(): StageSummaries {
    return perStage((stage) => {
      const whole = new LatencyHistogram();
      whole.merge(this.#taken[stage]);
      whole.merge(this.#window[stage]);
      return whole.summary();
    });
  }

  /** What was recorded since the last call of this function; the next window starts now. */
  takeWindow(): StageSummaries {
    return perStage((stage) => {
      const window = this.#window[stage];
      const summary = window.summary();
      this.#taken[stage].merge(window);
      window.reset();
      return summary;
    });
  }

  reset(): void {
    for (const stage of STAGES) {
      this.#taken[stage].reset();
      this.#window[stage].reset();
    }
  }
}
