import { FrameAccounting } from '../stats/FrameAccounting.js';
import { StageStatistics } from '../stats/StageStatistics.js';
import { ThroughputMeter } from '../stats/ThroughputMeter.js';
import type { FrameJob } from './FrameJob.js';
import type { FrameTimings } from './FrameOutcome.js';
import type { PoolClock } from './PoolClock.js';
import { RegionAccounting } from './RegionOutcome.js';

/** All counts and measurements of a pool. */
export class PoolStatistics {
  /** received = published + the sum of dropped + inFlight, at every moment. */
  readonly frames = new FrameAccounting();
  /** Latencies by stage, of published frames. */
  readonly stages = new StageStatistics();
  readonly #throughput = new ThroughputMeter();
  /** Counts of the regions of published frames, by outcome. */
  readonly regions = new RegionAccounting();
  /** Whether the model takes several frames per task. */
  hasBatches = false;
  readonly #clock: PoolClock;
  #inputCount = 0;
  #taskCount = 0;

  constructor(clock: PoolClock) {
    this.#clock = clock;
  }

  /** Counts and measures a frame, right after its delivery. */
  published(
    {
      frame,
      regions,
      inputCount,
      taskCount,
    }: Pick<FrameJob<unknown>, 'frame' | 'regions' | 'inputCount' | 'taskCount'>,
    timings: FrameTimings,
  ): void {
    if (regions !== undefined) this.regions.add(regions);
    this.frames.publish();
    this.#throughput.mark(this.#clock.nowNs());
    this.#inputCount += inputCount;
    this.#taskCount += taskCount;
    const { stages } = this;
    stages.record('queueWait', timings.queueWaitNs);
    stages.record('copy', timings.copyNs);
    stages.record('handover', timings.handoverNs);
    // Raw frames are not decoded; their zeros would hide the cost of decoding.
    if (frame.kind === 'compressed') stages.record('decode', timings.decodeNs);
    stages.record('preprocess', timings.preprocessNs);
    if (this.hasBatches) stages.record('batchWait', timings.batchWaitNs);
    stages.record('inference', timings.inferenceNs);
    stages.record('postprocess', timings.postprocessNs);
    stages.record('delivery', timings.deliveryNs);
    stages.record('total', timings.totalNs);
    if (timings.delayNs !== undefined) stages.record('delay', timings.delayNs);
  }

  /** Published frames, or their regions, per task; 1 before the first. */
  get meanBatchSize(): number {
    return this.#taskCount === 0 ? 1 : this.#inputCount / this.#taskCount;
  }

  /** Published frames per second over the last five seconds. */
  framesPerSecond(): number {
    return this.#throughput.ratePerSecond(this.#clock.nowNs());
  }

  /** Resets everything; frames in flight stay in flight. */
  reset(): void {
    this.frames.reset();
    this.stages.reset();
    this.#throughput.reset();
    this.regions.reset();
    this.#inputCount = 0;
    this.#taskCount = 0;
  }
}
