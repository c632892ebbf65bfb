import type { PictureResizer } from './PictureResizer.js';

/** Names of the backends, as the parameter `backend` and the reports spell them. */
export const BACKEND_NAMES = ['onnx', 'bpu', 'bpu_sim'] as const;

export type BackendName = (typeof BACKEND_NAMES)[number];

/** What is known of a model once a backend holds it. */
export interface LoadedModelInfo {
  readonly backend: BackendName;
  /** True where results or timings do not come from the hardware named; shown wherever a person looks. */
  readonly isSimulated: boolean;
  readonly inputWidthPx: number;
  readonly inputHeightPx: number;
  readonly classCount: number;
  /** E.g. `onnxruntime 1.30.0 (CPU)` or `libdnn 1.24.5 (bayes-e)`. */
  readonly runtime: string;
  /** How many frames one task may have, ascending from 1; absent: one alone. */
  readonly batchSizes?: readonly number[];
  /** For a device that cuts and scales whole pictures itself: the most regions of one picture that are one task. */
  readonly mostRegions?: number;
}

/** The most frames of one task. */
export function largestBatchOf({ batchSizes }: Pick<LoadedModelInfo, 'batchSizes'>): number {
  return Math.max(1, ...(batchSizes ?? []));
}

/**
 * One model on one worker thread. Implementations are used by one caller, one run at a time.
 *
 * NV12 is what every backend takes, so that a PC sees what the robot's BPU sees: `nv12` holds
 * widthPx x heightPx luma bytes, then the interleaved UV plane of half the height (BT.601, the range of
 * the model's manifest).
 */
export interface InferenceBackend {
  /** Loads the model; a failure leaves nothing allocated. @throws EffvitError BAD_MODEL, NOT_FOUND, BPU_FAILED */
  load(): Promise<LoadedModelInfo>;
  /**
   * One frame. The returned logits (or probabilities, as the manifest says) have `classCount` float32
   * values and stay valid until the next run. A blocking implementation is fine: this is a worker thread.
   *
   * @throws EffvitError INFERENCE_FAILED, TIMED_OUT, BPU_FAILED: the frame failed, the backend stays usable
   *   unless the error's code is WORKER_DIED.
   */
  run(nv12: Uint8Array): Promise<InferenceResult>;
  /** For a backend that computes several frames as one task; from `load` on. */
  readonly batch?: BatchInference | undefined;
  /** For a device that cuts and scales whole pictures itself, which has `batch` too; from `load` on. */
  readonly resizer?: PictureResizer | undefined;
  /** Frees everything; idempotent; never called during a run. */
  dispose(): Promise<void>;
}

/** Tasks of several frames: each is written into a place of its own, then all run together. */
export interface BatchInference {
  /**
   * @param place from 0 to the largest batch - 1.
   * @param nv12 as for {@link InferenceBackend.run}; it stays as it is until the task has run.
   * @throws EffvitError INFERENCE_FAILED; the place stays as it was.
   */
  write(place: number, nv12: Uint8Array): void;
  /**
   * One task of the frames in `count` places from `firstPlace` on; their inputs stay as they are.
   *
   * @throws EffvitError as {@link InferenceBackend.run}: the whole task failed.
   */
  run(firstPlace: number, count: number): Promise<BatchResult>;
}

export interface BatchResult {
  /** Of each frame, in the order of the places; valid until the next run. */
  readonly logits: readonly Float32Array[];
  /** Time from handing the inputs over until the outputs were readable, nanoseconds. */
  readonly inferenceNs: number;
}

export interface InferenceResult {
  readonly logits: Float32Array;
  /** Time spent to bring the NV12 into the form that the runtime takes, nanoseconds; part of `preprocess`. */
  readonly inputNs: number;
  /** Time from handing the input over until the output was readable, nanoseconds. */
  readonly inferenceNs: number;
}
