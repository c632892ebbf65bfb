import { asEffvitError, type EffvitError } from '../core/EffvitError.js';
import type { FrameHeader, ImageFrame } from '../image/ImageFrame.js';
import type { RegionBox } from '../image/PictureRegion.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { roiRegion } from '../image/Roi.js';
import { type DropCause, dropCauseOf } from '../stats/FrameAccounting.js';
import { type HandoverPlan, planHandover } from './FrameHandover.js';
import {
  type FrameFacts,
  type FrameJudgement,
  type FrameOutcome,
  type FrameTimings,
  frameTimings,
} from './FrameOutcome.js';
import type { WorkerReport } from './HeldFrames.js';
import type { PoolModel, StreamFrame } from './PoolOptions.js';
import type { RegionOutcome, RegionsResult } from './RegionOutcome.js';
import type { WorkerThread } from './WorkerThread.js';

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

/** What one worker computes of a frame: the whole frame, or some of its regions. */
export interface FramePart<Value> {
  readonly job: FrameJob<Value>;
  /** Absent for a whole frame. */
  readonly boxes?: readonly RegionBox[];
  /** Indices of the boxes in the frame's list. */
  readonly places?: readonly number[];
  /** Time to copy the frame for this part and the parts before it. */
  copyNs: number;
}

/** Why a frame ends without a result. */
type Ending = { readonly cause: DropCause; readonly error: EffvitError | undefined };

/**
 * One frame on its way through the pool. Each of its parts waits, or is with a worker, or has ended; the frame is done
 * when all have ended. A whole frame has one part, the job itself; those of a {@link RegionsJob} are shares of its
 * regions.
 */
export class FrameJob<Value> implements FramePart<Value> {
  readonly frame: ImageFrame;
  readonly source: string;
  readonly admittedNs: number;
  /** A result with regions if it is a {@link RegionsJob}, else one of the whole frame. */
  readonly outcome: Promise<FrameOutcome<Value> | RegionsResult<Value>>;
  /** Of the worker that received the frame. */
  model: PoolModel<Value>;
  /** A later frame of the same camera was delivered, so this one must not be. */
  isOvertaken = false;
  /** Undefined if the frame ends with a result. */
  ending: Ending | undefined;
  queueWaitNs = 0;
  copyNs = 0;
  /** Sum over all parts. */
  postprocessNs = 0;
  /** Number of inputs computed for the frame: 1, or its regions. */
  inputCount = 0;
  /** Number of tasks for them; an input in a task of four counts as a quarter. */
  taskCount = 0;
  readonly #options: SubmitOptions;
  #resolve: ((outcome: FrameOutcome<Value> | RegionsResult<Value>) => void) | undefined;
  #plan: HandoverPlan;
  #plannedFor: PreprocessOptions | undefined;
  /** Of the part that finished last; undefined for an empty list of regions, which no worker sees. */
  #report: WorkerReport | undefined;
  #worker: Pick<WorkerThread<unknown>, 'id' | 'generation'> = { id: -1, generation: 0 };
  #judgement: FrameJudgement<Value> | undefined;
  #nv12: Uint8Array | undefined;
  #logits: Float32Array | undefined;

  constructor(frame: ImageFrame, options: SubmitOptions, admittedNs: number, model: PoolModel<Value>) {
    this.frame = frame;
    this.source = frame.source;
    this.admittedNs = admittedNs;
    this.model = model;
    this.#options = options;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get job(): this {
    return this;
  }

  get isDone(): boolean {
    return this.#judgement !== undefined || this.ending !== undefined;
  }

  /** Outcomes of its regions; undefined for a whole frame. */
  get regions(): readonly RegionOutcome<Value>[] | undefined {
    return undefined;
  }

  /** Takes what waits of the frame, divided among at most `count` workers. */
  takeParts(_count: number): readonly FramePart<Value>[] {
    return [this];
  }

  /** A worker never started the part: it waits again. @returns whether the frame must be queued again. */
  giveBack(_part: FramePart<Value>): boolean {
    return true;
  }

  /** No worker could compute the part. */
  fail(_part: FramePart<Value>, error: EffvitError): void {
    this.giveUp(dropCauseOf(error.code), error);
  }

  /** Ends what waits of the frame; it is not computed. */
  giveUp(cause: DropCause, error: EffvitError | undefined): void {
    this.ending = { cause, error };
  }

  /** The frame's plan for these options, which may have changed since it was admitted. @throws EffvitError BAD_IMAGE */
  planFor(options: PreprocessOptions): HandoverPlan {
    if (this.#plannedFor !== options) {
      this.#plan = planHandover(this.frame, options, this.regions !== undefined);
      this.#plannedFor = options;
    }
    return this.#plan;
  }

  /** Copies what is needed of a report and is no longer valid when the worker gets another frame. */
  retain(report: WorkerReport): void {
    if (this.#options.keepNv12 === true) this.#nv12 = report.copyNv12();
    if (this.#options.keepLogits === true || this.model.judge !== undefined) {
      this.#logits = report.logits.slice();
    }
  }

  /** Takes a worker's answer to a part. @param error for regions that failed or were not started. */
  settle(
    part: FramePart<Value>,
    report: WorkerReport,
    worker: WorkerThread<unknown>,
    error: EffvitError | undefined,
  ): void {
    this.#report = report;
    this.#worker = worker;
    this.copyNs = part.copyNs;
    this.read(part, report, error);
  }

  /** Makes the values from the scores. */
  protected read(_part: FramePart<Value>, report: WorkerReport, _error: EffvitError | undefined): void {
    this.inputCount = 1;
    this.taskCount = 1 / report.batchSize;
    try {
      this.#judgement = { value: this.model.postprocess(report.logits, report.ranked) };
    } catch (thrown) {
      this.fail(this, asEffvitError(thrown, 'INFERENCE_FAILED', 'Postprocessing failed'));
    }
  }

  /** Takes the final result from the model's judge function, just before delivery. */
  judge(): void {
    if (this.ending !== undefined) return;
    try {
      const { isSingle = false } = this.#options;
      this.decide({ header: this.#header(), admittedNs: this.admittedNs, isSingle });
    } catch (thrown) {
      const error = asEffvitError(thrown, 'INFERENCE_FAILED', 'Judging the result failed');
      this.ending = { cause: 'inference_failed', error };
    }
  }

  protected decide(frame: StreamFrame): void {
    const { judge } = this.model;
    const [logits, judgement] = [this.#logits, this.#judgement];
    if (judge === undefined || logits === undefined || judgement === undefined) return;
    this.#judgement = judge(judgement.value, { ...frame, logits, figures: this.#report?.figures });
  }

  drop({ cause, error }: Ending): void {
    this.#resolve?.({
      kind: 'dropped',
      header: this.#header(),
      cause,
      ...(error !== undefined && { error }),
    });
  }

  publish(deliveredNs: number, delayNs: number | undefined): FrameTimings {
    const facts = { ...this.#facts(), timings: frameTimings(this, this.#report, deliveredNs, delayNs) };
    const { regions } = this;
    if (regions !== undefined) {
      this.#resolve?.({ kind: 'regions', regions, ...facts });
    } else if (this.#judgement !== undefined) {
      const nv12 = this.#nv12;
      const logits = this.#options.keepLogits === true ? this.#logits : undefined;
      this.#resolve?.({
        kind: 'result',
        ...this.#judgement,
        ...facts,
        ...(nv12 !== undefined && { nv12 }),
        ...(logits !== undefined && { logits }),
      });
    }
    return facts.timings;
  }

  #facts(): Omit<FrameFacts, 'timings'> {
    const report = this.#report;
    const { widthPx, heightPx } = this.frame.kind === 'raw' ? this.frame : (report?.picture ?? NO_PICTURE);
    const notes = this.frame.kind === 'raw' ? [] : [...(report?.picture.notes ?? [])];
    const roi = this.#plannedFor?.roi;
    const part = roi === undefined ? undefined : roiRegion(roi, widthPx, heightPx);
    if (part?.isCut === true) notes.push('roi_cut');
    if (report?.note !== undefined) notes.push(report.note);
    return {
      header: this.#header(),
      widthPx,
      heightPx,
      ...(part !== undefined && { region: part.region }),
      workerId: this.#worker.id,
      generation: this.#worker.generation,
      batchSize: report?.batchSize ?? 0,
      ...(notes.length > 0 && { pictureNotes: notes }),
    };
  }

  #header(): FrameHeader {
    // Without the frame itself: a retained outcome must not retain the pixels.
    const { stamp, frameId, source } = this.frame;
    return { stamp, frameId, source };
  }
}

const NO_PICTURE = { widthPx: 0, heightPx: 0 };
