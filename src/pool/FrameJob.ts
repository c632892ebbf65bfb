import { asEffvitError, type EffvitError } from '../core/EffvitError.js';
import type { FrameHeader, ImageFrame } from '../image/ImageFrame.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { PictureNote } from '../image/pictureNotes.js';
import { roiRegion } from '../image/Roi.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import { type HandoverPlan, planHandover } from './FrameHandover.js';
import type { FrameJudgement, FrameOutcome, FrameTimings } from './FrameOutcome.js';
import type { FrameRegions } from './FrameRegions.js';
import type { WorkerReport } from './HeldFrames.js';
import type { JudgedFrame, PoolModel } from './PoolOptions.js';
import type { RegionsResult } from './RegionOutcome.js';

export interface SubmitOptions {
  /** Add a copy of the network's input to the result. */
  readonly keepNv12?: boolean;
  /** Add a copy of the model's output to the result. */
  readonly keepLogits?: boolean;
  /** It belongs to no stream of frames: it is judged without earlier ones. */
  readonly isSingle?: boolean;
  /** How long the frame has waited before admission, nanoseconds; added to its age. Default 0. */
  readonly waitedNs?: number;
}

/** Result of the worker and the postprocessing for a frame. */
export interface FinishedValue<Value> {
  readonly kind: 'value';
  readonly value: Value;
  readonly report: WorkerReport;
  readonly postprocessNs: number;
  readonly workerId: number;
  readonly generation: number;
  readonly nv12: Uint8Array | undefined;
  /** A copy of the model's output, if `keepLogits` is set. */
  readonly logits: Float32Array | undefined;
  readonly judgement?: FrameJudgement<Value>;
}

/** How a frame ended; kept until the frame is delivered. */
type Finished<Value> =
  | FinishedValue<Value>
  | { readonly kind: 'regions'; readonly regions: FrameRegions<Value> }
  | { readonly kind: 'drop'; readonly cause: DropCause; readonly error: EffvitError | undefined };

/** One frame on its way through the pool. */
export class FrameJob<Value> {
  readonly source: string;
  /** Only a job with regions has a RegionsResult; it never has a FrameResult. */
  readonly outcome: Promise<FrameOutcome<Value> | RegionsResult<Value>>;
  readonly admittedNs: number;
  readonly keepNv12: boolean;
  readonly keepLogits: boolean;
  readonly #isSingle: boolean;
  queueWaitNs = 0;
  copyNs = 0;
  /** The model of the worker that received the frame. */
  model: PoolModel<Value> | undefined;
  finished: Finished<Value> | undefined;
  /** A later frame of the same camera was delivered, so this one must not be. */
  isOvertaken = false;
  readonly frame: ImageFrame;
  /** Set if regions of the frame are classified instead of the whole frame. */
  readonly regions: FrameRegions<Value> | undefined;
  #resolve: ((outcome: FrameOutcome<Value> | RegionsResult<Value>) => void) | undefined;
  #plan: HandoverPlan;
  #plannedFor: PreprocessOptions | undefined;

  constructor(frame: ImageFrame, options: SubmitOptions, admittedNs: number, regions?: FrameRegions<Value>) {
    this.frame = frame;
    this.source = frame.source;
    this.admittedNs = admittedNs;
    this.keepNv12 = options.keepNv12 ?? false;
    this.keepLogits = options.keepLogits ?? false;
    this.#isSingle = options.isSingle ?? false;
    this.regions = regions;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The frame's plan for these options, which may have changed since it was admitted. @throws EffvitError BAD_IMAGE */
  planFor(options: PreprocessOptions): HandoverPlan {
    if (this.#plannedFor !== options) {
      this.#plan = planHandover(this.frame, options, this.regions !== undefined);
      this.#plannedFor = options;
    }
    return this.#plan;
  }

  drop(cause: DropCause, error: EffvitError | undefined): void {
    const reason = error === undefined ? {} : { error };
    this.#resolve?.({ kind: 'dropped', header: this.#header(), cause, ...reason });
  }

  /** Calls the model's judge function for a finished frame, just before delivery. */
  judge(): void {
    const { finished } = this;
    const { judge, judgeRegions } = this.model ?? {};
    try {
      if (finished?.kind === 'regions') {
        if (judgeRegions !== undefined) {
          finished.regions.judge(judgeRegions, this.#place());
        }
        return;
      }
      if (judge === undefined || finished?.kind !== 'value' || finished.logits === undefined) return;
      const { value, logits, report } = finished;
      const { figures } = report;
      const judgement = judge(value, { ...this.#place(), logits, figures });
      this.finished = { ...finished, judgement };
    } catch (thrown) {
      const error = asEffvitError(thrown, 'INFERENCE_FAILED', 'Judging the result failed');
      this.finished = { kind: 'drop', cause: 'inference_failed', error };
    }
  }

  publish(finished: FinishedValue<Value>, deliveredNs: number, delayNs: number | undefined): FrameTimings {
    const { report, value, postprocessNs, nv12, logits, judgement } = finished;
    const timings = this.#timings(report, this.copyNs, postprocessNs, deliveredNs, delayNs);
    this.#resolve?.({
      kind: 'result',
      ...(judgement ?? { value }),
      ...this.#facts(report, finished),
      timings,
      ...(nv12 === undefined ? {} : { nv12 }),
      ...(this.keepLogits && logits !== undefined ? { logits } : {}),
    });
    return timings;
  }

  publishRegions(
    regions: FrameRegions<Value>,
    deliveredNs: number,
    delayNs: number | undefined,
  ): FrameTimings {
    const { last, postprocessNs } = regions;
    const timings = this.#timings(last?.report, last?.copyNs ?? 0, postprocessNs, deliveredNs, delayNs);
    const facts = this.#facts(last?.report, last ?? { workerId: -1, generation: 0 });
    this.#resolve?.({ kind: 'regions', regions: regions.outcomes(), ...facts, timings });
    return timings;
  }

  /** @param report undefined for a frame with an empty list of regions, which no worker saw. */
  #facts(
    report: WorkerReport | undefined,
    { workerId, generation }: Pick<FinishedValue<Value>, 'workerId' | 'generation'>,
  ) {
    const { frame } = this;
    const { widthPx, heightPx } = frame.kind === 'raw' ? frame : (report?.picture ?? NO_PICTURE);
    const notes: PictureNote[] = frame.kind === 'raw' ? [] : [...(report?.picture.notes ?? [])];
    const roi = this.#plannedFor?.roi;
    const part = roi === undefined ? undefined : roiRegion(roi, widthPx, heightPx);
    if (part?.isCut === true) notes.push('roi_cut');
    if (report?.note !== undefined) notes.push(report.note);
    return {
      header: this.#header(),
      widthPx,
      heightPx,
      ...(part !== undefined && { region: part.region }),
      workerId,
      generation,
      batchSize: report?.batchSize ?? 0,
      ...(notes.length === 0 ? {} : { pictureNotes: notes }),
    };
  }

  #timings(
    report: WorkerReport | undefined,
    copyNs: number,
    postprocessNs: number,
    deliveredNs: number,
    delayNs: number | undefined,
  ): FrameTimings {
    const { handedOverNs, startNs, decodeNs, preprocessNs, batchWaitNs, inferenceNs } =
      report?.times ?? NO_TIMES;
    const waitedAheadNs = report?.waitedAheadNs ?? 0;
    const queueWaitNs = this.queueWaitNs + waitedAheadNs;
    const handoverNs = startNs - handedOverNs - waitedAheadNs;
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

  #place(): Pick<JudgedFrame, 'header' | 'admittedNs' | 'isSingle'> {
    return { header: this.#header(), admittedNs: this.admittedNs, isSingle: this.#isSingle };
  }

  #header(): FrameHeader {
    // Without the frame itself: a retained outcome must not retain the pixels.
    const { stamp, frameId, source } = this.frame;
    return { stamp, frameId, source };
  }
}

const NO_PICTURE = { widthPx: 0, heightPx: 0 };
const NO_TIMES: Omit<WorkerReport['times'], 'endedNs' | 'rankNs'> = {
  handedOverNs: 0,
  startNs: 0,
  decodeNs: 0,
  preprocessNs: 0,
  batchWaitNs: 0,
  inferenceNs: 0,
};
