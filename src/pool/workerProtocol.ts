import type { MessagePort } from 'node:worker_threads';
import type { EffvitErrorCode } from '../core/EffvitError.js';
import type { CompressedOrigin } from '../image/ImageFrame.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';

/** One of the places where a frame can lie for a worker. */
export interface SlotStart {
  readonly memory: WebAssembly.Memory;
  readonly record: SharedArrayBuffer;
  /** Brings {@link FrameDescriptorMessage}s; read synchronously, since the thread sleeps between frames. */
  readonly descriptors: MessagePort;
}

/** What a worker thread is started with. */
export interface WorkerStart {
  readonly spec: BackendSpec;
  readonly channel: SharedArrayBuffer;
  readonly slots: readonly SlotStart[];
  readonly kernel: WebAssembly.Module;
}

/**
 * Logits of so many frames lie in shared memory, by the last bits of their number: one that the main thread
 * reads, two that the worker has, a power of two so that numbers may go round.
 */
export const LOGITS_KEPT = 4;

/** The arrays of {@link LOGITS_KEPT} frames over their shared memory, made anew where none is given. */
export function logitsOf(
  classCount: number,
  shared = new SharedArrayBuffer(LOGITS_KEPT * classCount * Float32Array.BYTES_PER_ELEMENT),
): { readonly shared: SharedArrayBuffer; of(frameNumber: number): Float32Array } {
  const arrays = Array.from(
    { length: LOGITS_KEPT },
    (_, index) => new Float32Array(shared, index * classCount * Float32Array.BYTES_PER_ELEMENT, classCount),
  );
  return { shared, of: (frameNumber) => arrays[frameNumber % LOGITS_KEPT] ?? new Float32Array(classCount) };
}

/** How the bytes in the slot are to be read: sent once for each kind of frame, then named by number. */
export type FrameDescriptor =
  | { readonly kind: 'raw'; readonly planKey: string }
  | {
      readonly kind: 'compressed';
      readonly source: string;
      readonly format: string;
      readonly origin?: CompressedOrigin;
      readonly preprocess: PreprocessOptions;
    };

export interface FrameDescriptorMessage {
  readonly number: number;
  readonly descriptor: FrameDescriptor;
  /** All numbers before this one are not used again. */
  readonly forgetEarlier: boolean;
}

/** An error on its way between threads: structured cloning would keep the class but lose the code. */
export interface SentError {
  readonly code: EffvitErrorCode;
  readonly message: string;
}

/** What a worker thread says; a bare number is the common case, the frame of that number is done. */
export type WorkerMessage =
  | number
  | {
      readonly kind: 'loaded';
      readonly info: LoadedModelInfo;
      /** The spec by which further workers load the same model sooner. */
      readonly preparedSpec: BackendSpec;
      readonly logits: SharedArrayBuffer;
    }
  | { readonly kind: 'load_failed'; readonly error: SentError }
  | { readonly kind: 'frame_failed'; readonly number: number; readonly error: SentError };
