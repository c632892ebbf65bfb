import type { BackendSpec } from './BackendSpec.js';
import type { PictureResizer } from './PictureResizer.js';

/** Names of the backends in reports. `onnx` also means that it computes on the CPU's cores. */
export type BackendName = BackendSpec['kind'];

/** Facts on a loaded model. */
export interface LoadedModelInfo {
  readonly backend: BackendName;
  /** True if results or timings do not come from the named hardware; shown in all output for people. */
  readonly isSimulated: boolean;
  readonly inputWidthPx: number;
  readonly inputHeightPx: number;
  readonly classCount: number;
  /** E.g. `onnxruntime 1.30.0 (CPU)` or `libdnn 1.24.5 (bayes-e)`. */
  readonly runtime: string;
  /** Possible numbers of frames per task, ascending from 1; absent: only 1. */
  readonly batchSizes?: readonly number[] | undefined;
  /** For a device that crops and scales whole pictures: the most regions of one picture per task. */
  readonly mostRegions?: number | undefined;
}

/** The most frames per task. */
export function largestBatchOf({ batchSizes }: Pick<LoadedModelInfo, 'batchSizes'>): number {
  return Math.max(1, ...(batchSizes ?? []));
}

/**
 * One model on one worker thread. An implementation has one caller and one run at a time.
 *
 * Every backend takes NV12, so that a PC gets the same input as the robot's BPU: `nv12` holds
 * widthPx x heightPx luma bytes, then the interleaved UV plane of half the height (BT.601, the range of
 * the model's manifest).
 */
export interface InferenceBackend {
  /** Loads the model; a failure leaves nothing allocated. @throws EffvitError BAD_MODEL, NOT_FOUND, BPU_FAILED */
  load(): Promise<LoadedModelInfo>;
  /**
   * Computes one frame. The returned logits (or probabilities, depending on the manifest) have `classCount` float32
   * values and are valid until the next run. An implementation may block: it has its own worker thread.
   *
   * @throws EffvitError INFERENCE_FAILED, TIMED_OUT, BPU_FAILED: the frame failed, the backend stays usable
   *   unless the error's code is WORKER_DIED.
   */
  run(nv12: Uint8Array): Promise<InferenceResult>;
  /** Present on a backend that computes several frames as one task; valid after `load`. */
  readonly batch?: BatchInference | undefined;
  /** Present on a device that crops and scales whole pictures, together with `batch`; valid after `load`. */
  readonly resizer?: PictureResizer | undefined;
  /** Frees everything; idempotent; never called during a run. */
  dispose(): Promise<void>;
}

/** Tasks of several frames: each is written into its own place, then all run together. */
export interface BatchInference {
  /**
   * @param place from 0 to the largest batch - 1.
   * @param nv12 as for {@link InferenceBackend.run}; must not change until the task has run.
   * @throws EffvitError INFERENCE_FAILED; then the place is unchanged.
   */
  write(place: number, nv12: Uint8Array): void;
  /**
   * Runs the frames in `count` places from `firstPlace` on as one task; their inputs are retained.
   *
   * @throws EffvitError as {@link InferenceBackend.run}: the whole task failed.
   */
  run(firstPlace: number, count: number): Promise<BatchResult>;
}

export interface BatchResult {
  /** One entry per frame, in the order of the places; valid until the next run. */
  readonly logits: readonly Float32Array[];
  /** Time from passing the inputs to the runtime until the outputs were readable, nanoseconds. */
  readonly inferenceNs: number;
}

export interface InferenceResult {
  readonly logits: Float32Array;
  /** Time to convert the NV12 into the runtime's form, nanoseconds; part of `preprocess`. */
  readonly inputNs: number;
  /** Time from passing the input to the runtime until the output was readable, nanoseconds. */
  readonly inferenceNs: number;
}
