import { type DropCause, FrameAccounting } from '../stats/FrameAccounting.js';
import { StageStatistics } from '../stats/StageStatistics.js';
import { ThroughputMeter } from '../stats/ThroughputMeter.js';
import type { FrameTimings } from './FrameOutcome.js';

/** All that a pool counts and measures of its frames. */
export class PoolStatistics {
  readonly accounting = new FrameAccounting();
  /** Latencies by stage, of published frames. */
  readonly stages = new StageStatistics();
  readonly #throughput = new ThroughputMeter();

  published(timings: FrameTimings, isCompressed: boolean, nowNs: number): void {
    this.accounting.publish();
    this.#throughput.mark(nowNs);
    const { stages } = this;
    stages.record('queueWait', timings.queueWaitNs);
    stages.record('copy', timings.copyNs);
    stages.record('handover', timings.handoverNs);
    // Raw frames have no such stage; their zeros would hide what decoding costs.
    if (isCompressed) stages.record('decode', timings.decodeNs);
    stages.record('preprocess', timings.preprocessNs);
    stages.record('inference', timings.inferenceNs);
    stages.record('postprocess', timings.postprocessNs);
    stages.record('delivery', timings.deliveryNs);
    stages.record('total', timings.totalNs);
    if (timings.delayNs !== undefined) stages.record('delay', timings.delayNs);
  }

  dropped(cause: DropCause): void {
    this.accounting.drop(cause);
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
  }
}
