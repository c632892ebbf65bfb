import { asEffvitError, type EffvitError } from '../core/EffvitError.js';
import type { FrameHeader, ImageFrame } from '../image/ImageFrame.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { PictureNote } from '../image/pictureNotes.js';
import { roiRegion } from '../image/Roi.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import { type HandoverPlan, planHandover } from './FrameHandover.js';
import type { FrameJudgement, FrameOutcome, FrameResult, FrameTimings } from './FrameOutcome.js';
import type { WorkerReport } from './HeldFrames.js';
import type { PoolModel } from './PoolOptions.js';

export interface SubmitOptions {
  /** Add a copy of the network's input to the result. */
  readonly keepNv12?: boolean;
  /** Add a copy of the model's output to the result. */
  readonly keepLogits?: boolean;
}

/** What a worker and the postprocessing made of a frame. */
export interface FinishedValue<Value> {
  readonly kind: 'value';
  readonly value: Value;
  readonly report: WorkerReport;
  readonly postprocessNs: number;
  readonly workerId: number;
  readonly generation: number;
  readonly nv12: Uint8Array | undefined;
  /** A copy of the model's output, where that is wanted. */
  readonly logits: Float32Array | undefined;
  readonly judgement?: FrameJudgement<Value>;
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
  readonly keepLogits: boolean;
  queueWaitNs = 0;
  copyNs = 0;
  /** The model of the worker that got it. */
  model: PoolModel<Value> | undefined;
  finished: Finished<Value> | undefined;
  /** A later frame of its camera was delivered: this one can no longer be. */
  isOvertaken = false;
  readonly frame: ImageFrame;
  #resolve: ((outcome: FrameOutcome<Value>) => void) | undefined;
  #plan: HandoverPlan;
  #plannedFor: PreprocessOptions | undefined;

  constructor(frame: ImageFrame, options: SubmitOptions, admittedNs: number) {
    this.frame = frame;
    this.source = frame.source;
    this.admittedNs = admittedNs;
    this.keepNv12 = options.keepNv12 ?? false;
    this.keepLogits = options.keepLogits ?? false;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The frame's plan for these options, which may have changed since it was admitted. @throws EffvitError BAD_IMAGE */
  planFor(options: PreprocessOptions): HandoverPlan {
    if (this.#plannedFor !== options) {
      this.#plan = planHandover(this.frame, options);
      this.#plannedFor = options;
    }
    return this.#plan;
  }

  drop(cause: DropCause, error: EffvitError | undefined): void {
    const reason = error === undefined ? {} : { error };
    this.#resolve?.({ kind: 'dropped', header: this.#header(), cause, ...reason });
  }

  /** Lets the model's judge function look at a finished frame, now that its turn has come. */
  judge(): void {
    const { finished, admittedNs } = this;
    const judge = this.model?.judge;
    if (judge === undefined || finished?.kind !== 'value' || finished.logits === undefined) return;
    const { value, logits } = finished;
    try {
      const judgement = judge(value, { header: this.#header(), logits, admittedNs });
      this.finished = { ...finished, judgement };
    } catch (thrown) {
      const error = asEffvitError(thrown, 'INFERENCE_FAILED', 'Judging the result failed');
      this.finished = { kind: 'drop', cause: 'inference_failed', error };
    }
  }

  publish(finished: FinishedValue<Value>, deliveredNs: number, delayNs: number | undefined): FrameTimings {
    const { report, value, workerId, generation, nv12, logits, judgement } = finished;
    const { widthPx, heightPx } = this.frame.kind === 'raw' ? this.frame : report.picture;
    const notes: PictureNote[] = this.frame.kind === 'raw' ? [] : [...report.picture.notes];
    const roi = this.#plannedFor?.roi;
    const part = roi === undefined ? undefined : roiRegion(roi, widthPx, heightPx);
    if (part?.isCut === true) notes.push('roi_cut');
    const timings = this.#timings(finished, deliveredNs, delayNs);
    const result: FrameResult<Value> = {
      kind: 'result',
      header: this.#header(),
      ...(judgement ?? { value }),
      timings,
      widthPx,
      heightPx,
      ...(part !== undefined && { region: part.region }),
      workerId,
      generation,
      batchSize: report.batchSize,
      ...(notes.length === 0 ? {} : { pictureNotes: notes }),
      ...(nv12 === undefined ? {} : { nv12 }),
      ...(this.keepLogits && logits !== undefined ? { logits } : {}),
    };
    this.#resolve?.(result);
    return timings;
  }

  #timings(finished: FinishedValue<Value>, deliveredNs: number, delayNs: number | undefined): FrameTimings {
    const { postprocessNs, report } = finished;
    const { handedOverNs, beganNs, decodeNs, preprocessNs, batchWaitNs, inferenceNs } = report.times;
    const { copyNs } = this;
    const queueWaitNs = this.queueWaitNs + report.waitedAheadNs;
    const handoverNs = beganNs - handedOverNs - report.waitedAheadNs;
    const totalNs = deliveredNs - this.admittedNs;
    const preparedNs = queueWaitNs + copyNs + handoverNs + decodeNs + preprocessNs;
    const stagedNs = preparedNs + batchWaitNs + inferenceNs + postprocessNs;
    return {
      queueWaitNs,
      copyNs,
      handoverNs,
      decodeNs,
      preprocessNs,
      batchWaitNs,
      inferenceNs,
      postprocessNs,
      deliveryNs: totalNs - stagedNs,
      totalNs,
      ...(delayNs === undefined ? {} : { delayNs }),
    };
  }

  #header(): FrameHeader {
    // Not the frame: an outcome that is kept must not keep the pixels.
    const { stamp, frameId, source } = this.frame;
    return { stamp, frameId, source };
  }
}
