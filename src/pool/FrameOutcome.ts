import type { EffvitError } from '../core/EffvitError.js';
import type { FrameHeader } from '../image/ImageFrame.js';
import type { PictureFigures } from '../image/PictureFigures.js';
import type { PictureRegion } from '../image/PictureRegion.js';
import type { PictureNote } from '../image/pictureNotes.js';
import type { DropCause } from '../stats/FrameAccounting.js';

/** Where one frame's time went, in nanoseconds; the stages follow one another and add up to `totalNs`. */
export interface FrameTimings {
  /** From admission until a worker was free. */
  readonly queueWaitNs: number;
  /** Copying the needed rows into the worker's memory, on the main thread. */
  readonly copyNs: number;
  /** Until the worker thread had woken. */
  readonly handoverNs: number;
  /** JPEG or PNG to pixels; 0 for raw frames. */
  readonly decodeNs: number;
  /** Resize and NV12, and the model's own input tensor where it takes none. */
  readonly preprocessNs: number;
  /** Until the task began to run that the frame is part of: for company, and while its other frames were prepared. */
  readonly batchWaitNs: number;
  /** Of the whole task. */
  readonly inferenceNs: number;
  /** The postprocess function of the model, on the main thread. */
  readonly postprocessNs: number;
  /** What is left: the way back to the main thread, and waiting for earlier frames of the same camera. */
  readonly deliveryNs: number;
  /** From admission until the result was delivered. */
  readonly totalNs: number;
  /** From the header's stamp until then, by the clock that the pool was given; absent without one. */
  readonly delayNs?: number;
}

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

/** Why the scores of a frame, or of a region of one, make it UNKNOWN. */
export type ScoreDoubt = 'none_of_the_classes';

/** Why a frame that was classified is UNKNOWN. */
export type UnknownCause = PictureProblem | ScoreDoubt;

/** How the picture of a frame looks, and whether it can be trusted. */
export interface PictureCondition {
  readonly figures: PictureFigures;
  /** How long the source has sent this same content, by its stamps. */
  readonly unchangedNs: number;
  readonly problems: readonly PictureProblem[];
}

/** What the model's judge function says of a frame that was classified. */
export interface FrameJudgement<Value> {
  /** In the place of what postprocess made. */
  readonly value: Value;
  /** Why the value is empty: the frame is UNKNOWN. Absent where it is not. */
  readonly unknownCauses?: readonly UnknownCause[];
  /** How much it looks like any of the classes; absent where that is not asked for. */
  readonly knownScore?: number;
  /** Absent where pictures are not checked, and of one that is too small for it. */
  readonly picture?: PictureCondition;
  /** Of this frame and those before it of the same source; absent where nothing is smoothed. */
  readonly smoothed?: Value;
}

export interface FrameResult<Value> extends FrameJudgement<Value> {
  readonly kind: 'result';
  readonly header: FrameHeader;
  readonly timings: FrameTimings;
  /** Size of the picture as it came, before it was resized. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** The part of it that was resized, where the options have an roi; else all of it was. */
  readonly region?: PictureRegion;
  /** Of the worker thread, from 0. */
  readonly workerId: number;
  /** Counts up with every resize and every swap of the model. */
  readonly generation: number;
  /** Frames that were computed together with it, itself included. */
  readonly batchSize: number;
  /** What the picture gave rise to; absent where that was nothing. */
  readonly pictureNotes?: readonly PictureNote[];
  /** What the network saw, a copy: luma rows, then interleaved chroma. Present when `keepNv12` was asked. */
  readonly nv12?: Uint8Array;
  /** A copy of the model's output. Present when `keepLogits` was asked. */
  readonly logits?: Float32Array;
}

export interface FrameDrop {
  readonly kind: 'dropped';
  readonly header: FrameHeader;
  readonly cause: DropCause;
  /** Why, where the cause alone does not tell: `bad_image`, `inference_failed`, `worker_died`, `timed_out`. */
  readonly error?: EffvitError;
}

/** What became of a frame; every frame has exactly one. */
export type FrameOutcome<Value> = FrameResult<Value> | FrameDrop;
