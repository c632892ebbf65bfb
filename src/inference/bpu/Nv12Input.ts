import { EffvitError } from '../../core/EffvitError.js';
import type { LibDnn } from './LibDnn.js';
import type { PictureLayout } from './PictureLayout.js';
import { checkNv12Bytes, copyRows } from './packedNv12.js';
import { TensorArray } from './TensorArray.js';
import type { TensorMemory } from './TensorMemory.js';

/** Places for the pictures of a task, each with its own memory for an NV12 picture. */
export class Nv12Input {
  readonly #layout: PictureLayout;
  readonly #tensors: TensorArray;
  /** Per place: whether the cache was cleaned, so that the BPU sees the content last written. */
  readonly #isClean: boolean[];

  /** @throws EffvitError BPU_FAILED if memory is short. */
  constructor(lib: LibDnn, layout: PictureLayout, places: number, about: string) {
    this.#layout = layout;
    this.#tensors = new TensorArray(lib, new Array(places).fill(layout.tensor), about);
    this.#isClean = new Array(places).fill(false);
    for (const memory of this.#tensors.tensors) {
      for (const index of layout.tensor.sizes.keys()) memory.view(index).fill(0);
    }
  }

  /** Copies a tightly packed NV12 frame, row by row if the BPU's rows are longer, and makes it visible to the BPU. */
  write(place: number, nv12: Uint8Array): void {
    const { widthPx, heightPx, strideBytes } = this.#layout;
    const lumaBytes = checkNv12Bytes(nv12, widthPx, heightPx);
    const memory = this.#memory(place);
    const [first, second] = [memory.view(0), memory.view(1)];
    // With one memory, the chroma rows follow the luma rows at the same stride.
    const firstBytes = second.length > 0 ? lumaBytes : nv12.length;
    copyRows(nv12.subarray(0, firstBytes), first, widthPx, strideBytes);
    copyRows(nv12.subarray(firstBytes), second, widthPx, strideBytes);
    memory.clean();
    this.#isClean[place] = true;
  }

  /** The tensors of a task's pictures. @returns the address of the first. */
  forTask(firstPlace: number, count: number): bigint {
    for (let place = firstPlace; place < firstPlace + count; place++) {
      // Places not written since the last task only fill the batch, or are retried.
      if (this.#isClean[place] !== true) this.#memory(place).clean();
      this.#isClean[place] = false;
    }
    return this.#tensors.addressOf(firstPlace);
  }

  free(): Error[] {
    return this.#tensors.free();
  }

  #memory(place: number): TensorMemory {
    const memory = this.#tensors.tensors[place];
    if (memory === undefined) {
      throw new EffvitError('INTERNAL', `A task has no place ${place}; this is a defect of effvit.`);
    }
    return memory;
  }
}
