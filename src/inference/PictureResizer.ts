import type { Nv12Shape } from '../image/chipResizer.js';
import type { PictureRegion } from '../image/PictureRegion.js';

/** The most regions of one task; those beyond the model's batch are computed one batch after the other. */
export const MOST_REGIONS = 8;

/** Memory as any thread of the process reaches it. */
export type SharedBytes =
  | SharedArrayBuffer
  /** Of the process itself, outside of JavaScript. */
  | { readonly address: bigint; readonly lengthBytes: number };

/** A picture's place in the memory that the device reads. */
export interface DevicePicture {
  readonly bytes: Uint8Array;
  /** The same, for the thread that copies frames in. */
  readonly shared: SharedBytes;
}

/**
 * The part of a backend whose device itself cuts regions out of whole NV12 pictures and scales them (bilinear, see
 * image/chipResizer). Pictures are its memory: whoever writes them says by `place` when they are to be read.
 */
export interface PictureResizer {
  /** @throws EffvitError BPU_FAILED where there is no memory. */
  allocate(lengthBytes: number): DevicePicture;
  /** Only when no task uses it. @throws EffvitError BPU_FAILED; it is lost then. */
  release(picture: DevicePicture): void;
  /**
   * The region takes the place in the coming task; several places may be of one picture, and those that are prepared NV12
   * ({@link BatchInference.write}) may lie between them.
   *
   * @param shape how the picture lies in the memory: rows of luma, then of chroma.
   * @throws EffvitError BAD_IMAGE where the device cannot do that; the place stays as it was.
   */
  place(place: number, picture: DevicePicture, shape: Nv12Shape, region: PictureRegion): void;
}
