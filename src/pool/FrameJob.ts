import type { EffvitError } from '../core/EffvitError.js';
import type { FrameHeader, ImageFrame } from '../image/ImageFrame.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import type { FrameOutcome, FrameResult, FrameTimings } from './FrameOutcome.js';
import { planSend, type SendPlan } from './FrameSender.js';
import type { PoolModel } from './PoolOptions.js';
import type { WorkerReport } from './PoolWorker.js';

export interface SubmitOptions {
  /** Add a copy of the network's input to the result. */
  readonly keepNv12?: boolean;
  /**
   * The caller reuses `frame.data` after submit has returned: the data is copied where the frame has to wait
   * (it is not where a worker takes it at once).
   */
  readonly copyIfQueued?: boolean;
}

/** What a worker and the postprocessing made of a frame. */
export interface FinishedValue<Value> {
  readonly kind: 'value';
  readonly value: Value;
  readonly report: WorkerReport;
  readonly postprocessNs: number;
  readonly workerIndex: number;
  readonly generation: number;
  readonly nv12: Uint8Array | undefined;
}

/** How a frame ended, until its turn to be delivered. */
type Finished<Value> =
  | FinishedValue<Value>
  | { readonly kind: 'drop'; readonly cause: DropCause; readonly error: EffvitError | undefined };

/** One frame on its way through the pool. */
export class FrameJob<Value> {
  readonly source: string;
  readonly outcome: Promise<FrameOutcome<Value>>;
  readonly admittedNs: number;
  readonly keepNv12: boolean;
  queueWaitNs = 0;
  copyNs = 0;
  /** The model of the worker that got it. */
  model: PoolModel<Value> | undefined;
  finished: Finished<Value> | undefined;
  #frame: ImageFrame;
  #isDataLent: boolean;
  #resolve: ((outcome: FrameOutcome<Value>) => void) | undefined;
  #plan: SendPlan;
  #plannedFor: PreprocessOptions | undefined;

  constructor(frame: ImageFrame, options: SubmitOptions, admittedNs: number) {
    this.#frame = frame;
    this.source = frame.source;
    this.admittedNs = admittedNs;
    this.keepNv12 = options.keepNv12 ?? false;
    this.#isDataLent = options.copyIfQueued ?? false;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get frame(): ImageFrame {
    return this.#frame;
  }

  /** The frame's plan for these options, which may have changed since it was admitted. @throws EffvitError BAD_IMAGE */
  planFor(options: PreprocessOptions): SendPlan {
    if (this.#plannedFor !== options) {
      this.#plan = planSend(this.#frame, options);
      this.#plannedFor = options;
    }
    return this.#plan;
  }

  /** It has to wait: from now on its data is its own, where the caller asked for that. */
  keep(): void {
    if (this.#isDataLent) this.#frame = { ...this.#frame, data: this.#frame.data.slice() };
    this.#isDataLent = false;
  }

  /** Whether the data is still the caller's to reuse, and so must not be read once submit has returned. */
  get isDataLent(): boolean {
    return this.#isDataLent;
  }

  drop(cause: DropCause, error: EffvitError | undefined): void {
    const reason = error === undefined ? {} : { error };
    this.#resolve?.({ kind: 'dropped', header: this.#header(), cause, ...reason });
  }

  publish(finished: FinishedValue<Value>, deliveredNs: number, delayNs: number | undefined): FrameTimings {
    const { report, value, workerIndex, generation, nv12 } = finished;
    const { widthPx, heightPx } = this.#frame.kind === 'raw' ? this.#frame : report.pictureSize;
    const timings = this.#timings(finished, deliveredNs, delayNs);
    const result: FrameResult<Value> = {
      kind: 'result',
      header: this.#header(),
      value,
      timings,
      widthPx,
      heightPx,
      workerIndex,
      generation,
      ...(nv12 === undefined ? {} : { nv12 }),
    };
    this.#resolve?.(result);
    return timings;
  }

  #timings(finished: FinishedValue<Value>, deliveredNs: number, delayNs: number | undefined): FrameTimings {
    const { postprocessNs, report } = finished;
    const { handedOverNs, beganNs, decodeNs, preprocessNs, inferenceNs } = report.times;
    const { copyNs } = this;
    const queueWaitNs = this.queueWaitNs + report.waitedAheadNs;
    const handoverNs = beganNs - handedOverNs - report.waitedAheadNs;
    const totalNs = deliveredNs - this.admittedNs;
    const staged = queueWaitNs + copyNs + handoverNs + decodeNs + preprocessNs + inferenceNs + postprocessNs;
    return {
      queueWaitNs,
      copyNs,
      handoverNs,
      decodeNs,
      preprocessNs,
      inferenceNs,
      postprocessNs,
      deliveryNs: totalNs - staged,
      totalNs,
      ...(delayNs === undefined ? {} : { delayNs }),
    };
  }

  #header(): FrameHeader {
    // Not the frame: an outcome that is kept must not keep the pixels.
    const { stamp, frameId, source } = this.#frame;
    return { stamp, frameId, source };
  }
}
