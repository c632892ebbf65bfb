import { FrameSlot } from './FrameSlot.js';
import { nv12Twin, slotFrameBytes } from './nv12Twin.js';
import { type FramePlan, parsePlanKey } from './planFrame.js';
import { type SlotLayout, slotLayout } from './SlotLayout.js';
import { type WorkArea, workArea } from './WorkArea.js';

interface Conversion {
  readonly layout: SlotLayout;
  readonly work: WorkArea;
}

/** Layouts that are kept: one for each shape of camera frame that this worker sees. */
const KEPT_CONVERSIONS = 64;

/** Compiles the kernel; once, on the main thread: a module can be sent to workers. */
export function compileNv12Kernel(): WebAssembly.Module {
  return new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
}

/** The worker's side of a {@link FrameSlot}: turns the rows that were copied into it into NV12. */
export class Nv12Converter {
  readonly #slot: FrameSlot;
  readonly #conversions = new Map<string, Conversion>();

  private constructor(slot: FrameSlot) {
    this.#slot = slot;
  }

  /** @param memory `slot.memory` of the main thread. @param module from {@link compileNv12Kernel}. */
  static create(memory: WebAssembly.Memory, module: WebAssembly.Module): Nv12Converter {
    void module;
    return new Nv12Converter(FrameSlot.attach(memory));
  }

  /**
   * Converts the frame that lies in the slot. Returns a view of shared memory (Y, then interleaved UV), valid
   * until the next frame is copied into the slot.
   *
   * @param plan the frame's plan, or only its key.
   */
  convert(plan: Pick<FramePlan, 'key'>): Uint8Array {
    const { layout, work } = this.#conversion(plan.key);
    const bytes = this.#slot.view(0, work.slotBytes);
    const result = bytes.subarray(work.nv12Offset, work.nv12Offset + work.nv12Bytes);
    if (!layout.isPassThrough) result.set(nv12Twin(slotFrameBytes(bytes, layout), layout));
    return result;
  }

  #conversion(key: string): Conversion {
    const kept = this.#conversions.get(key);
    if (kept !== undefined) return kept;
    const { shape, options } = parsePlanKey(key);
    const layout = slotLayout(shape, options);
    const conversion = { layout, work: workArea(layout) };
    if (this.#conversions.size >= KEPT_CONVERSIONS) {
      const oldest = this.#conversions.keys().next().value;
      if (oldest !== undefined) this.#conversions.delete(oldest);
    }
    this.#conversions.set(key, conversion);
    return conversion;
  }
}
