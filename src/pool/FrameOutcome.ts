import type { EffvitError } from '../core/EffvitError.js';
import type { FrameHeader } from '../image/ImageFrame.js';
import type { PictureFigures } from '../image/PictureFigures.js';
import type { PictureRegion } from '../image/PictureRegion.js';
import type { PictureNote } from '../image/pictureNotes.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import type { WorkerReport } from './HeldFrames.js';

/** Time that one frame spent in each stage, nanoseconds. The stages do not overlap and add up to `totalNs`. */
export interface FrameTimings {
  /** From admission until a worker was free. */
  readonly queueWaitNs: number;
  /** Copying the needed rows into the worker's memory, on the main thread. */
  readonly copyNs: number;
  /** From the end of copying until the worker thread was awake. */
  readonly handoverNs: number;
  /** JPEG or PNG to pixels; 0 for raw frames. */
  readonly decodeNs: number;
  /** Resizing and conversion to NV12; for models without NV12 input also filling the input tensor. */
  readonly preprocessNs: number;
  /** Until the frame's task started: waiting for other frames of the batch, and preparing them. */
  readonly batchWaitNs: number;
  /** Duration of the whole task. */
  readonly inferenceNs: number;
  /** Ranking the scores on the worker, and the postprocess function of the model on the main thread. */
  readonly postprocessNs: number;
  /** The rest: the message to the main thread, and waiting for earlier frames of the same camera. */
  readonly deliveryNs: number;
  /** From admission until the result was delivered. */
  readonly totalNs: number;
  /** From the header's stamp until delivery, by the pool's `stampClockNs`; absent without that clock. */
  readonly delayNs?: number;
}

/** @param report of the part that finished last; undefined if no worker saw the frame. */
export function frameTimings(
  job: Readonly<Record<'admittedNs' | 'queueWaitNs' | 'copyNs' | 'postprocessNs', number>>,
  report: WorkerReport | undefined,
  deliveredNs: number,
  delayNs: number | undefined,
): FrameTimings {
  const { copyNs, postprocessNs } = job;
  const { handedOverNs, startNs, decodeNs, preprocessNs, batchWaitNs, inferenceNs } =
    report?.times ?? NO_TIMES;
  const waitedAheadNs = report?.waitedAheadNs ?? 0;
  const queueWaitNs = job.queueWaitNs + waitedAheadNs;
  const handoverNs = startNs - handedOverNs - waitedAheadNs;
  const totalNs = deliveredNs - job.admittedNs;
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
    ...(delayNs !== undefined && { delayNs }),
  };
}

const NO_TIMES = {
  handedOverNs: 0,
  startNs: 0,
  decodeNs: 0,
  preprocessNs: 0,
  batchWaitNs: 0,
  inferenceNs: 0,
};

/** What is wrong with a picture. */
export const PICTURE_PROBLEMS = [
  'covered',
  'too_dark',
  'too_bright',
  'low_contrast',
  'blurred',
  'frozen',
] as const;

export type PictureProblem = (typeof PICTURE_PROBLEMS)[number];

/** Why a frame or a region is UNKNOWN because of its scores. */
export type ScoreDoubt = 'none_of_the_classes';

/** Why a classified frame is UNKNOWN. */
export type UnknownCause = PictureProblem | ScoreDoubt;

/** Measurements of a frame's picture, and the problems found. */
export interface PictureCondition {
  readonly figures: PictureFigures;
  /** How long the source has sent identical content, by its stamps. */
  readonly unchangedNs: number;
  readonly problems: readonly PictureProblem[];
}

/** Return value of the model's judge function for a classified frame. */
export interface FrameJudgement<Value> {
  /** Replaces the value from `postprocess`. */
  readonly value: Value;
  /** Why the frame is UNKNOWN, in which case the value is empty; absent if it is not UNKNOWN. */
  readonly unknownCauses?: readonly UnknownCause[];
  /** How much the frame resembles any of the classes; absent if that is not configured. */
  readonly knownScore?: number;
  /** Absent if pictures are not checked, or if this one is too small to check. */
  readonly picture?: PictureCondition;
  /** Value smoothed over this and earlier frames of the source; absent without smoothing. */
  readonly smoothed?: Value;
}

/** Facts on a published frame. */
export interface FrameFacts {
  readonly header: FrameHeader;
  readonly timings: FrameTimings;
  /** Size of the received picture, before resizing. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** The part that was resized, if the options have an roi; absent: the whole picture. */
  readonly region?: PictureRegion;
  /** Id of the worker thread, from 0. */
  readonly workerId: number;
  /** Increments with every change of the number of workers and every model swap. */
  readonly generation: number;
  /** Frames in the same task, including this one. */
  readonly batchSize: number;
  /** Notes on the picture; absent if there are none. */
  readonly pictureNotes?: readonly PictureNote[];
}

export interface FrameResult<Value> extends FrameFacts, FrameJudgement<Value> {
  readonly kind: 'result';
  /** What the network saw, a copy: luma rows, then interleaved chroma. Present if `keepNv12` was set. */
  readonly nv12?: Uint8Array;
  /** A copy of the model's output. Present if `keepLogits` was set. */
  readonly logits?: Float32Array;
}

export interface FrameDrop {
  readonly kind: 'dropped';
  readonly header: FrameHeader;
  readonly cause: DropCause;
  /** The error behind one of these causes: `bad_image`, `inference_failed`, `worker_died`, `timed_out`. */
  readonly error?: EffvitError;
}

/** The result or the drop of a frame; every frame has exactly one. */
export type FrameOutcome<Value> = FrameResult<Value> | FrameDrop;
