import type { FrameCounts } from '../../stats/FrameAccounting.js';
import { monotonicNs, NS_PER_MS } from '../../stats/monotonicNs.js';
import { RecentCounts, type RecentFrames } from '../../stats/RecentCounts.js';
import type { StageSummaries } from '../../stats/StageStatistics.js';

/** Number of readings, one per second, over which the pipeline is judged. */
const LOOKS = 5;

/** Summary of the last readings of the pipeline. */
export type PipelineView = NonNullable<PipelineWatch['view']>;

/** Judges the pipeline over the last seconds, with one reading per second independent of the diagnostics' period. */
export class PipelineWatch {
  readonly #counts = new RecentCounts(LOOKS);
  /** The latencies of the newest second in which frames were published, and sums over the last five readings. */
  #view: { readonly stages: StageSummaries; readonly recent: RecentFrames } | undefined;
  #overLimitSinceNs: number | undefined;

  /**
   * @param stages latencies of the window that ends now.
   * @param limitMs limit of the p95 from admission to result; 0: none.
   */
  observe(stages: StageSummaries, counts: FrameCounts, limitMs: number): void {
    const recent = this.#counts.take(counts);
    const isEmpty = stages.total.count === 0;
    // A camera slower than one frame per second has empty seconds, so the stages of the last second with frames stay.
    if (isEmpty && recent.published > 0) {
      this.#view = { stages: this.#view?.stages ?? stages, recent };
      return;
    }
    this.#view = { stages, recent };
    const isOver = limitMs > 0 && stages.total.p95Ns > limitMs * NS_PER_MS;
    this.#overLimitSinceNs = isOver ? (this.#overLimitSinceNs ?? monotonicNs()) : undefined;
  }

  /** With how long the p95 of each second with frames has been over its limit; undefined before the first reading. */
  get view() {
    if (this.#view === undefined) return undefined;
    const sinceNs = this.#overLimitSinceNs;
    return { ...this.#view, overLimitMs: sinceNs === undefined ? 0 : (monotonicNs() - sinceNs) / NS_PER_MS };
  }
}
