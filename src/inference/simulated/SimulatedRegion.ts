import { EffvitError } from '../../core/EffvitError.js';
import { chipProblem, type Nv12Shape, nv12AsChip, type PictureSize } from '../../image/chipResizer.js';
import type { PictureRegion } from '../../image/PictureRegion.js';
import { allocateNative, nativeView } from '../bpu/nativeView.js';
import type { DevicePicture, PictureResizer } from '../PictureResizer.js';
import { hashNv12 } from './hashLogits.js';

/** A region of a whole picture, that the simulated chip is thought to cut out and scale. */
export interface SimulatedRegion {
  readonly bytes: Uint8Array;
  readonly shape: Nv12Shape;
  readonly region: PictureRegion;
  readonly size: PictureSize;
}

export type SimulatedInput = Uint8Array | SimulatedRegion;

/** Rows and columns that a hash looks at: the chip's work must not cost the CPU that simulates it. */
const HASHED_ROWS = 64;
const HASHED_BYTES = 64;

/**
 * The pictures of a simulated chip, in memory as a real one's: outside of JavaScript, where frames are copied as fast; where
 * koffi does not load, in memory that JavaScript's threads share.
 */
export class SimulatedPictures implements PictureResizer {
  readonly #size: PictureSize;
  readonly #placed: (place: number, region: SimulatedRegion) => void;
  readonly #frees = new Map<DevicePicture, () => void>();

  /** @param placed is told what lies in which place of the coming task. */
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

  /** What was not given back. */
  free(): void {
    for (const picture of [...this.#frees.keys()]) this.release(picture);
  }
}

/** A number by a grid of the region's luma; equal regions give equal numbers. */
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

/** What the chip makes of the region, as NV12. */
export function regionNv12({ bytes, shape, region, size }: SimulatedRegion): Uint8Array {
  return nv12AsChip(bytes, shape, region, size);
}
