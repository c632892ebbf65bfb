import type { Nv12Shape } from '../image/chipResizer.js';
import type { PictureRegion } from '../image/PictureRegion.js';

/** The most regions per task; regions beyond the model's batch run in further batches. */
export const MOST_REGIONS = 8;

/** Memory that every thread of the process can access. */
export type SharedBytes =
  | SharedArrayBuffer
  /** Native memory of the process. */
  | { readonly address: bigint; readonly lengthBytes: number };

/** Memory of one picture that the device reads. */
export interface DevicePicture {
  readonly bytes: Uint8Array;
  /** The same memory, for the thread that copies frames into it. */
  readonly shared: SharedBytes;
}

/**
 * Part of a backend whose device crops regions from whole NV12 pictures and scales them (bilinear, see
 * image/chipResizer); the CPU's resizing is in image/Nv12Converter. The caller writes pictures into the device's memory
 * and calls `place` when they are complete.
 */
export interface PictureResizer {
  /** @throws EffvitError BPU_FAILED if memory is short. */
  allocate(lengthBytes: number): DevicePicture;
  /** Must not be called while a task uses the picture. @throws EffvitError BPU_FAILED; then the memory is lost. */
  release(picture: DevicePicture): void;
  /**
   * Puts the region into a place of the next task. Several places may share one picture, and places with prepared NV12
   * ({@link BatchInference.write}) may be mixed with them.
   *
   * @param shape layout of the picture in memory: rows of luma, then of chroma.
   * @throws EffvitError BAD_IMAGE if the device cannot crop this region; then the place is unchanged.
   */
  place(place: number, picture: DevicePicture, shape: Nv12Shape, region: PictureRegion): void;
}
