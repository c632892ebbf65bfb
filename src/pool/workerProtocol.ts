import type { MessagePort } from 'node:worker_threads';
import { EffvitError } from '../core/EffvitError.js';
import type { ChipPlan } from '../image/chipPlan.js';
import type { CompressedOrigin } from '../image/ImageFrame.js';
import type { KernelProgram } from '../image/KernelProgram.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { FrameShape } from '../image/SlotLayout.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import type { SharedBytes } from '../inference/PictureResizer.js';

/** Start data of a worker thread. */
export interface WorkerStart {
  readonly spec: BackendSpec;
  readonly channel: SharedArrayBuffer;
  /** Receives {@link SetupMessage}s; read synchronously, because the thread sleeps between frames. */
  readonly setup: MessagePort;
  readonly kernel: WebAssembly.Module;
}

/** Data that a worker needs to read a frame; sent once, then referred to by number. */
export type SetupMessage =
  | {
      readonly kind: 'slot';
      readonly slot: number;
      readonly memory: WebAssembly.Memory;
      readonly record: SharedArrayBuffer;
    }
  | {
      /** The memory of the slot's RegionRecord, valid from the next frame in the slot. */
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
      /** Whether earlier numbers are no longer used. */
      readonly forgetEarlier: boolean;
    };

/** How to read the bytes in a slot. */
export type FrameDescriptor =
  | { readonly kind: 'raw'; readonly program: KernelProgram }
  /** NV12 rows for a device that crops and scales. */
  | { readonly kind: 'chip'; readonly plan: Pick<ChipPlan, 'shape' | 'region' | 'lengthBytes'> }
  /** All NV12 rows of a frame with regions, for such a device. */
  | {
      readonly kind: 'chip_rows';
      readonly frame: FrameShape;
      readonly rows: Pick<ChipPlan, 'shape' | 'lengthBytes'>;
      readonly preprocess: PreprocessOptions;
    }
  /** All rows of a raw frame with regions. */
  | { readonly kind: 'rows'; readonly shape: FrameShape; readonly preprocess: PreprocessOptions }
  /** A compressed frame, with or without regions. */
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

/** How many frames a worker may hold: those of the running task and those of the next one. */
export function heldFrames(largestBatch: number): number {
  return 2 * largestBatch;
}

/**
 * A ring of logits, indexed by the last bits of the frame number. It holds the logits of the frames that a worker holds and
 * for a task that the main thread reads, rounded up to a power of two so that numbers can wrap around. Without `given`
 * new memory is allocated.
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

export function receivedError({ code, message, context }: SentError): EffvitError {
  return new EffvitError(code, message, { context });
}

/** A frame, or the first of its regions, failed. */
export interface FailedFrame {
  readonly number: number;
  readonly error: SentError;
  /** Whether the frame is done nevertheless: its other regions did not fail. */
  readonly isDone: boolean;
}

/** The outcome of a frame; a bare number, the common case, means that the frame with this number is done. */
export type FrameAnswer = number | FailedFrame;

export function failedAnswer(number: number, error: EffvitError, isDone = false): FrameAnswer {
  return { number, error: sentError(error), isDone };
}

/** A message of a worker thread. The frames of a task are answered together, so that the worker is known to be idle. */
export type WorkerMessage =
  | { readonly kind: 'answers'; readonly answers: readonly FrameAnswer[] }
  /** One frame is done. */
  | number
  /** A task ended, but its frame has regions left: shows that the worker does not hang. */
  | { readonly kind: 'progress' }
  | {
      readonly kind: 'loaded';
      readonly info: LoadedModelInfo;
      /** The spec with which further workers load the same model faster. */
      readonly preparedSpec: BackendSpec;
      readonly logits: SharedArrayBuffer;
    }
  | { readonly kind: 'load_failed'; readonly error: SentError }
  /** The device has memory for the pictures of this slot: copy frames there from now on. */
  | { readonly kind: 'device_picture'; readonly slot: number; readonly shared: SharedBytes };
