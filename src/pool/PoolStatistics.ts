import { type DropCause, FrameAccounting } from '../stats/FrameAccounting.js';
import { StageStatistics } from '../stats/StageStatistics.js';
import { ThroughputMeter } from '../stats/ThroughputMeter.js';
import type { FrameTimings } from './FrameOutcome.js';

/** What of a frame decides which of its times are told. */
export interface FrameTraits {
  readonly isCompressed: boolean;
  /** Whether the model takes several frames at once. */
  readonly hasBatches: boolean;
  readonly batchSize: number;
}

/** All that a pool counts and measures of its frames. */
export class PoolStatistics {
  readonly accounting = new FrameAccounting();
  /** Latencies by stage, of published frames. */
  readonly stages = new StageStatistics();
  readonly #throughput = new ThroughputMeter();
  /** Of each published frame its share of a task: their sum is the number of tasks. */
  #batchShares = 0;

  published(
    timings: FrameTimings,
    { isCompressed, hasBatches, batchSize }: FrameTraits,
    nowNs: number,
  ): void {
    this.accounting.publish();
    this.#throughput.mark(nowNs);
    this.#batchShares += 1 / batchSize;
    const { stages } = this;
    stages.record('queueWait', timings.queueWaitNs);
    stages.record('copy', timings.copyNs);
    stages.record('handover', timings.handoverNs);
    // Raw frames have no such stage; their zeros would hide what decoding costs.
    if (isCompressed) stages.record('decode', timings.decodeNs);
    stages.record('preprocess', timings.preprocessNs);
    if (hasBatches) stages.record('batchWait', timings.batchWaitNs);
    stages.record('inference', timings.inferenceNs);
    stages.record('postprocess', timings.postprocessNs);
    stages.record('delivery', timings.deliveryNs);
    stages.record('total', timings.totalNs);
    if (timings.delayNs !== undefined) stages.record('delay', timings.delayNs);
  }

  dropped(cause: DropCause): void {
    this.accounting.drop(cause);
  }

  /** Published frames a task; 1 before the first. */
  get meanBatchSize(): number {
    return this.#batchShares === 0 ? 1 : this.accounting.counts().published / this.#batchShares;
  }

  /** Published frames a second over the last five seconds. */
  framesPerSecond(nowNs: number): number {
    return this.#throughput.ratePerSecond(nowNs);
  }

  /** From now on; frames in flight stay in flight. */
  reset(): void {
    this.accounting.reset();
    this.stages.reset();
    this.#throughput.reset();
    this.#batchShares = 0;
  }
}
