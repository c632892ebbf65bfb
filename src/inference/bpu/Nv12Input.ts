import { EffvitError } from '../../core/EffvitError.js';
import type { TaskInputs } from './BpuTask.js';
import type { LibDnn } from './LibDnn.js';
import type { PictureLayout } from './PictureLayout.js';
import { TensorArray } from './TensorArray.js';

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
    for (let place = 0; place < places; place++) {
      this.#tensors.view(place, 0).fill(0);
      this.#tensors.view(place, 1).fill(0);
    }
  }

  /** Copies a tightly packed NV12 frame, row by row if the BPU's rows are longer, and makes it visible to the BPU. */
  write(place: number, nv12: Uint8Array): void {
    const { widthPx, heightPx, strideBytes } = this.#layout;
    const lumaBytes = checkNv12Bytes(nv12, widthPx, heightPx);
    this.#check(place);
    const [first, second] = [this.#tensors.view(place, 0), this.#tensors.view(place, 1)];
    // With one memory, the chroma rows follow the luma rows at the same stride.
    const firstBytes = second.length > 0 ? lumaBytes : nv12.length;
    copyRows(nv12.subarray(0, firstBytes), first, widthPx, strideBytes);
    copyRows(nv12.subarray(firstBytes), second, widthPx, strideBytes);
    this.#tensors.clean(place);
    this.#isClean[place] = true;
  }

  /** The tensors of a task's pictures. */
  forTask(firstPlace: number, count: number): TaskInputs {
    for (let place = firstPlace; place < firstPlace + count; place++) {
      this.#check(place);
      // Places not written since the last task only fill the batch, or are retried.
      if (this.#isClean[place] !== true) this.#tensors.clean(place);
      this.#isClean[place] = false;
    }
    return { inputs: this.#tensors.addressOf(firstPlace) };
  }

  free(): Error[] {
    return this.#tensors.free();
  }

  #check(place: number): void {
    if (this.#isClean[place] === undefined) {
      throw new EffvitError('INTERNAL', `A task has no place ${place}; this is a defect of effvit.`);
    }
  }
}

/**
 * Checks the length of a tightly packed NV12 frame.
 *
 * @returns the bytes of its luma.
 * @throws EffvitError INFERENCE_FAILED
 */
export function checkNv12Bytes(nv12: Uint8Array, widthPx: number, heightPx: number): number {
  const lumaBytes = widthPx * heightPx;
  const expectedBytes = (lumaBytes * 3) / 2;
  if (nv12.length === expectedBytes) return lumaBytes;
  throw new EffvitError(
    'INFERENCE_FAILED',
    `Expected ${expectedBytes} bytes of NV12 but received ${nv12.length}; this is a defect of effvit.`,
  );
}

/** Copies rows of `widthPx` bytes to rows that are `strideBytes` apart. */
export function copyRows(rows: Uint8Array, into: Uint8Array, widthPx: number, strideBytes: number): void {
  if (strideBytes === widthPx) {
    into.set(rows);
    return;
  }
  for (let from = 0, to = 0; from < rows.length; from += widthPx, to += strideBytes) {
    into.set(rows.subarray(from, from + widthPx), to);
  }
}
