import { EffvitError } from '../../core/EffvitError.js';
import { chipProblem, type Nv12Shape, nv12AsChip, type PictureSize } from '../../image/chipResizer.js';
import type { PictureRegion } from '../../image/PictureRegion.js';
import { allocateNative, nativeView } from '../bpu/nativeView.js';
import type { DevicePicture, PictureResizer } from '../PictureResizer.js';
import { hashNv12 } from './hashLogits.js';

/** A region of a whole picture that the simulated chip crops and scales. */
export interface SimulatedRegion {
  readonly bytes: Uint8Array;
  readonly shape: Nv12Shape;
  readonly region: PictureRegion;
  readonly size: PictureSize;
}

export type SimulatedInput = Uint8Array | SimulatedRegion;

/** Rows and columns that are hashed: few, because the simulated chip's work must not load the CPU. */
const HASHED_ROWS = 64;
const HASHED_BYTES = 64;

/**
 * The pictures of a simulated chip. They are in native memory like those of a real chip, so that copying takes the
 * same time; if koffi does not load, they are in a SharedArrayBuffer.
 */
export class SimulatedPictures implements PictureResizer {
  readonly #size: PictureSize;
  readonly #placed: (place: number, region: SimulatedRegion) => void;
  readonly #frees = new Map<DevicePicture, () => void>();

  /** @param placed called with each region and its place in the next task. */
  constructor(size: PictureSize, placed: (place: number, region: SimulatedRegion) => void) {
    this.#size = size;
    this.#placed = placed;
  }

  allocate(lengthBytes: number): DevicePicture {
    let native: ReturnType<typeof allocateNative>;
    try {
      native = allocateNative(lengthBytes);
    } catch {
      const shared = new SharedArrayBuffer(lengthBytes);
      return { bytes: new Uint8Array(shared), shared };
    }
    const { address, free } = native;
    const picture = { bytes: nativeView(address, lengthBytes), shared: { address, lengthBytes } };
    this.#frees.set(picture, free);
    return picture;
  }

  release(picture: DevicePicture): void {
    this.#frees.get(picture)?.();
    this.#frees.delete(picture);
  }

  place(place: number, { bytes }: DevicePicture, shape: Nv12Shape, region: PictureRegion): void {
    const problem = chipProblem(shape, region, this.#size);
    if (problem !== undefined) throw new EffvitError('BAD_IMAGE', `A region ${problem}.`);
    this.#placed(place, { bytes, shape, region, size: this.#size });
  }

  /** Frees the pictures that were not released. */
  free(): void {
    for (const picture of [...this.#frees.keys()]) this.release(picture);
  }
}

/** Hash of a grid of the region's luma; equal regions give equal numbers. */
export function hashRegion({ bytes, shape, region }: SimulatedRegion, seed: number): number {
  const rows = Math.min(HASHED_ROWS, region.heightPx);
  const count = Math.min(HASHED_BYTES, region.widthPx);
  const looked = new Uint8Array(rows * count);
  let into = 0;
  for (let row = 0; row < rows; row++) {
    const start =
      (region.topPx + Math.floor((row * region.heightPx) / rows)) * shape.strideBytes + region.leftPx;
    for (let column = 0; column < count; column++) {
      looked[into++] = bytes[start + Math.floor((column * region.widthPx) / count)] ?? 0;
    }
  }
  return hashNv12(looked, seed);
}

/** The region cropped and scaled as by the chip, as NV12. */
export function regionNv12({ bytes, shape, region, size }: SimulatedRegion): Uint8Array {
  return nv12AsChip(bytes, shape, region, size);
}
