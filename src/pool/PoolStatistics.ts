import { type DropCause, FrameAccounting } from '../stats/FrameAccounting.js';
import { StageStatistics } from '../stats/StageStatistics.js';
import { ThroughputMeter } from '../stats/ThroughputMeter.js';
import type { FrameTimings } from './FrameOutcome.js';
import { RegionAccounting } from './RegionAccounting.js';

/** Properties of a frame that decide which of its times are recorded. */
export interface FrameTraits {
  readonly isCompressed: boolean;
  /** Whether the model takes several frames per task. */
  readonly hasBatches: boolean;
  /** Number of inputs computed for it: 1, or its regions. */
  readonly inputCount: number;
  /** Number of tasks for it; a share in a task of four counts as a quarter. */
  readonly taskCount: number;
}

/** All counts and measurements of a pool. */
export class PoolStatistics {
  readonly accounting = new FrameAccounting();
  /** Latencies by stage, of published frames. */
  readonly stages = new StageStatistics();
  readonly #throughput = new ThroughputMeter();
  /** Counts of the regions of published frames, by outcome. */
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
    // Raw frames are not decoded; their zeros would hide the cost of decoding.
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

  /** Published frames, or their regions, per task; 1 before the first. */
  get meanBatchSize(): number {
    return this.#taskCount === 0 ? 1 : this.#inputCount / this.#taskCount;
  }

  /** Published frames per second over the last five seconds. */
  framesPerSecond(nowNs: number): number {
    return this.#throughput.ratePerSecond(nowNs);
  }

  /** Resets everything; frames in flight stay in flight. */
  reset(): void {
    this.accounting.reset();
    this.stages.reset();
    this.#throughput.reset();
    this.regions.reset();
    this.#inputCount = 0;
    this.#taskCount = 0;
  }
}
