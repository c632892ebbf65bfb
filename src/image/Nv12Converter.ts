import { FrameSlot } from './FrameSlot.js';
import type { KernelProgram } from './KernelProgram.js';
import { SLOT_BASE_BYTES } from './KernelTables.js';
import { SHIFT } from './kernelFields.js';
import { figuresOf, type PictureFigures } from './PictureFigures.js';

type Convert = (fields: number) => void;
type Measure = (source: number, strideBytes: number, widthPx: number, heightPx: number) => void;

/** The worker's side of a {@link FrameSlot}: crops, resizes and converts the copied rows to the model's NV12. */
export class Nv12Converter {
  readonly slot: FrameSlot;
  readonly #kernel: Convert;
  readonly #measure: Measure;

  /** @param memory `slot.memory` of the main thread. @param module `compileKernel('nv12')`, compiled once: it can be sent to workers. */
  constructor(memory: WebAssembly.Memory, module: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    this.slot = new FrameSlot(memory);
    this.#kernel = exports['convert'] as Convert;
    this.#measure = exports['measure'] as Measure;
  }

  /**
   * Converts the frame in the slot. Returns a view of shared memory (Y, then interleaved UV), valid until the next
   * frame is copied into the slot.
   *
   * @param program of the frame's plan, or a copy of it from another thread.
   */
  convert(program: KernelProgram): Uint8Array {
    const { nv12Offset, nv12Bytes, tables, tablesOffset, slotBytes } = program;
    this.slot.ensureCapacity(slotBytes);
    const { shiftBytes } = this.slot;
    if (tables.length === 0) return this.slot.view(nv12Offset + shiftBytes, nv12Bytes);
    // The tables are sent with every frame, because a longer frame may overwrite them.
    const target = this.slot.view(tablesOffset, tables.length);
    target.set(tables);
    target[4 * SHIFT] = shiftBytes;
    this.#kernel(SLOT_BASE_BYTES + tablesOffset);
    return this.slot.view(nv12Offset, nv12Bytes);
  }

  /**
   * Figures of the picture that {@link convert} has just made; undefined if they were not requested.
   *
   * @param nv12 the result of convert.
   */
  measure(nv12: Uint8Array, { measured }: KernelProgram): PictureFigures | undefined {
    if (measured === undefined) return undefined;
    const { leftPx, topPx, widthPx, heightPx, strideBytes } = measured;
    this.#measure(nv12.byteOffset + topPx * strideBytes + leftPx, strideBytes, widthPx, heightPx);
    return figuresOf(nv12.buffer, measured);
  }
}
