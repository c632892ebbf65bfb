import type { FrameCounts } from '../../stats/FrameAccounting.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import { RecentCounts, type RecentFrames } from '../../stats/RecentCounts.js';
import type { StageSummaries } from '../../stats/StageStatistics.js';

const NS_PER_MS = 1e6;
/** Looks, one a second, by which the pipeline is judged. */
const LOOKS = 5;

/** What the last looks at the pipeline showed. */
export interface PipelineView {
  /** Latencies of the newest second in which frames were published. */
  readonly stages: StageSummaries;
  /** Of the last five looks. */
  readonly recent: RecentFrames;
  /** How long the p95 of each second with frames has been over its limit; 0 where it is not. */
  readonly overLimitMs: number;
}

/** Judges the pipeline over the last seconds: one look a second, more often than diagnostics may be asked for. */
export class PipelineWatch {
  readonly #counts = new RecentCounts(LOOKS);
  #view: Omit<PipelineView, 'overLimitMs'> | undefined;
  #overLimitSinceNs: number | undefined;

  /**
   * @param stages of the window that ends now.
   * @param limitMs of the p95 from admission to result; 0 is none.
   */
  observe(stages: StageSummaries, counts: FrameCounts, limitMs: number): void {
    const recent = this.#counts.take(counts);
    const isEmpty = stages.total.count === 0;
    // A camera slower than the looks has seconds without a frame, which say nothing of the others.
    if (isEmpty && recent.published > 0) {
      this.#view = { stages: this.#view?.stages ?? stages, recent };
      return;
    }
    this.#view = { stages, recent };
    const isOver = limitMs > 0 && stages.total.p95Ns > limitMs * NS_PER_MS;
    this.#overLimitSinceNs = isOver ? (this.#overLimitSinceNs ?? monotonicNs()) : undefined;
  }

  /** Undefined before the first look. */
  get view(): PipelineView | undefined {
    if (this.#view === undefined) return undefined;
    const sinceNs = this.#overLimitSinceNs;
    return { ...this.#view, overLimitMs: sinceNs === undefined ? 0 : (monotonicNs() - sinceNs) / NS_PER_MS };
  }
}
