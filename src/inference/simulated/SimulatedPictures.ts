import { EffvitError } from '../../core/EffvitError.js';
import { chipProblem, type Nv12Shape, type PictureSize } from '../../image/chipResizer.js';
import type { PictureRegion } from '../../image/PictureRegion.js';
import { NativeMemory } from '../bpu/NativeMemory.js';
import type { DevicePicture, PictureResizer } from '../PictureResizer.js';

/** A region of a whole picture that the simulated chip crops and scales. */
export interface SimulatedRegion {
  readonly bytes: Uint8Array;
  readonly shape: Nv12Shape;
  readonly region: PictureRegion;
  readonly size: PictureSize;
}

/** A frame as NV12 of the model's size, or a region of a whole picture. */
export type SimulatedInput = Uint8Array | SimulatedRegion;

/**
 * The pictures of a simulated chip. They are in native memory like those of a real chip, so that copying takes the
 * same time; if koffi does not load, they are in a SharedArrayBuffer.
 */
export class SimulatedPictures implements PictureResizer {
  readonly #size: PictureSize;
  readonly #places: SimulatedInput[];
  readonly #memories = new Map<DevicePicture, NativeMemory>();

  /** @param places of the next task, which {@link place} fills. */
  constructor(size: PictureSize, places: SimulatedInput[]) {
    this.#size = size;
    this.#places = places;
  }

  allocate(lengthBytes: number): DevicePicture {
    try {
      const memory = new NativeMemory(lengthBytes);
      const { address, bytes } = memory;
      const picture = { bytes, shared: { address, lengthBytes } };
      this.#memories.set(picture, memory);
      return picture;
    } catch {
      const shared = new SharedArrayBuffer(lengthBytes);
      return { bytes: new Uint8Array(shared), shared };
    }
  }

  release(picture: DevicePicture): void {
    this.#memories.get(picture)?.free();
    this.#memories.delete(picture);
  }

  place(place: number, { bytes }: DevicePicture, shape: Nv12Shape, region: PictureRegion): void {
    const problem = chipProblem(shape, region, this.#size);
    if (problem !== undefined) throw new EffvitError('BAD_IMAGE', `A region ${problem}.`);
    this.#places[place] = { bytes, shape, region, size: this.#size };
  }

  /** Frees the pictures that were not released. */
  free(): void {
    for (const picture of [...this.#memories.keys()]) this.release(picture);
  }
}
