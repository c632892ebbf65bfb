import { type DropCause, FrameAccounting } from '../stats/FrameAccounting.js';
import { StageStatistics } from '../stats/StageStatistics.js';
import { ThroughputMeter } from '../stats/ThroughputMeter.js';
import type { FrameTimings } from './FrameOutcome.js';
import { RegionAccounting } from './RegionAccounting.js';

/** What of a frame decides which of its times are told. */
export interface FrameTraits {
  readonly isCompressed: boolean;
  /** Whether the model takes several frames at once. */
  readonly hasBatches: boolean;
  /** What was computed of it: itself, or its regions. */
  readonly inputCount: number;
  /** Tasks that computed it; of a task of four that it was part of, a quarter. */
  readonly taskCount: number;
}

/** All that a pool counts and measures of its frames. */
export class PoolStatistics {
  readonly accounting = new FrameAccounting();
  /** Latencies by stage, of published frames. */
  readonly stages = new StageStatistics();
  readonly #throughput = new ThroughputMeter();
  /** What became of the regions of published frames. */
  readonly regions = new RegionAccounting();
  #inputCount = 0;
  #taskCount = 0;

  published(
    timings: FrameTimings,
    { isCompressed, hasBatches, inputCount, taskCount }: FrameTraits,
    nowNs: number,
  ): void {
    this.accounting.publish();
    this.#throughput.mark(nowNs);
    this.#inputCount += inputCount;
    this.#taskCount += taskCount;
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

  /** Published frames, or regions of them, a task; 1 before the first. */
  get meanBatchSize(): number {
    return this.#taskCount === 0 ? 1 : this.#inputCount / this.#taskCount;
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
    this.regions.reset();
    this.#inputCount = 0;
    this.#taskCount = 0;
  }
}
