import type { MessagePort } from 'node:worker_threads';
import type { EffvitError } from '../core/EffvitError.js';
import type { ChipPlan } from '../image/chipPlan.js';
import type { CompressedOrigin } from '../image/ImageFrame.js';
import type { KernelProgram } from '../image/KernelProgram.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { FrameShape } from '../image/SlotLayout.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import type { SharedBytes } from '../inference/PictureResizer.js';

/** What a worker thread is started with. */
export interface WorkerStart {
  readonly spec: BackendSpec;
  readonly channel: SharedArrayBuffer;
  /** Brings {@link SetupMessage}s; read synchronously, since the thread sleeps between frames. */
  readonly setup: MessagePort;
  readonly kernel: WebAssembly.Module;
}

/** What a worker must know before it can read a frame; sent once, then named by number. */
export type SetupMessage =
  | {
      readonly kind: 'slot';
      readonly slot: number;
      readonly memory: WebAssembly.Memory;
      readonly record: SharedArrayBuffer;
    }
  | {
      /** Where what is told of the slot's regions lies, from the next frame in it on. */
      readonly kind: 'regions';
      readonly slot: number;
      readonly capacity: number;
      readonly classCount: number;
      readonly record: SharedArrayBuffer;
    }
  | {
      readonly kind: 'descriptor';
      readonly number: number;
      readonly descriptor: FrameDescriptor;
      /** All numbers before this one are not used again. */
      readonly forgetEarlier: boolean;
    };

/** How the bytes in a slot are to be read. */
export type FrameDescriptor =
  | { readonly kind: 'raw'; readonly program: KernelProgram }
  /** Rows of NV12 as the device takes them, which cuts and scales by itself. */
  | { readonly kind: 'chip'; readonly plan: Pick<ChipPlan, 'shape' | 'region' | 'lengthBytes'> }
  /** All rows of such a frame, for its regions. */
  | {
      readonly kind: 'chip_rows';
      readonly frame: FrameShape;
      readonly rows: Pick<ChipPlan, 'shape' | 'lengthBytes'>;
      readonly preprocess: PreprocessOptions;
    }
  /** All rows of a raw frame, for its regions. */
  | { readonly kind: 'rows'; readonly shape: FrameShape; readonly preprocess: PreprocessOptions }
  /** With regions or without. */
  | {
      readonly kind: 'compressed';
      readonly source: string;
      readonly format: string;
      readonly origin?: CompressedOrigin;
      readonly preprocess: PreprocessOptions;
    };

/** The logits of the frames that a worker holds, in shared memory. */
export interface LogitsRing {
  readonly shared: SharedArrayBuffer;
  of(frameNumber: number): Float32Array;
}

/** How many frames a worker may hold: those of one task, and those that wait in its memory for the next. */
export function heldFrames(largestBatch: number): number {
  return 2 * largestBatch;
}

/**
 * Logits of as many frames as a worker holds, and of a task that the main thread reads, by the last bits of their
 * numbers: a power of two, so that numbers may go round. Made anew where no memory is given.
 */
export function logitsRing(classCount: number, largestBatch: number, given?: SharedArrayBuffer): LogitsRing {
  const length = 2 ** Math.ceil(Math.log2(heldFrames(largestBatch) + largestBatch));
  const bytes = classCount * Float32Array.BYTES_PER_ELEMENT;
  const shared = given ?? new SharedArrayBuffer(length * bytes);
  const arrays = Array.from({ length }, (_, index) => new Float32Array(shared, index * bytes, classCount));
  return { shared, of: (frameNumber) => arrays[frameNumber % length] ?? new Float32Array(classCount) };
}

/** An {@link EffvitError} as plain data: structured cloning would lose its code and context. */
export type SentError = Pick<EffvitError, 'code' | 'message' | 'context'>;

export function sentError({ code, message, context }: EffvitError): SentError {
  return { code, message, context };
}

/** What became of a frame; a bare number is the common case, the frame of that number is done. */
export type FrameAnswer =
  | number
  | { readonly kind: 'frame_failed'; readonly number: number; readonly error: SentError }
  /** The frame is done, and of its regions at least one failed, the first with this error. */
  | { readonly kind: 'regions_failed'; readonly number: number; readonly error: SentError };

export function failedAnswer(number: number, error: EffvitError): FrameAnswer {
  return { kind: 'frame_failed', number, error: sentError(error) };
}

/** @param error of the first region that failed; undefined where none did. */
export function regionsAnswer(number: number, error: EffvitError | undefined): FrameAnswer {
  return error === undefined ? number : { kind: 'regions_failed', number, error: sentError(error) };
}

/** What a worker thread says; the frames of one task are answered together, so that the worker is known to be idle. */
export type WorkerMessage =
  | { readonly kind: 'answers'; readonly answers: readonly FrameAnswer[] }
  | FrameAnswer
  /** A task ended, and the frame that it was part of has regions left: the worker does not hang. */
  | { readonly kind: 'progress' }
  | {
      readonly kind: 'loaded';
      readonly info: LoadedModelInfo;
      /** The spec by which further workers load the same model sooner. */
      readonly preparedSpec: BackendSpec;
      readonly logits: SharedArrayBuffer;
    }
  | { readonly kind: 'load_failed'; readonly error: SentError }
  /** The device has memory for the pictures of that slot: frames are copied there from now on. */
  | { readonly kind: 'device_picture'; readonly slot: number; readonly shared: SharedBytes };
