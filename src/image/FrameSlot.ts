import { EffvitError } from '../core/EffvitError.js';
import { SLOT_BASE_BYTES } from './KernelTables.js';
import type { FramePlan } from './planFrame.js';
import { COPY_ALIGNMENT_BYTES } from './SlotLayout.js';

const PAGE_BYTES = 65536;
/**
 * Address below the kernel's own variables; holds how far the frame was shifted so that it could be copied by words.
 */
const SHIFT_ADDRESS = 8;
const MAX_PAGES = 2 ** 30 / PAGE_BYTES;

/**
 * Memory shared by the main thread and one worker. The main thread copies a frame's rows in; the worker's kernel reads
 * them and writes the NV12. Only one of the two uses it at a time; messages between them pass the ownership.
 */
export class FrameSlot {
  readonly memory: WebAssembly.Memory;
  #bytes: Uint8Array;

  /** @param memory `slot.memory` of the other thread; absent: a new slot. */
  constructor(memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true })) {
    this.memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /**
   * Grows the slot to at least `bytes`, from {@link FramePlan.slotBytes}, and keeps its content. Either side may grow
   * the slot; earlier views stay valid.
   *
   * @throws EffvitError INTERNAL when there is no memory left.
   */
  ensureCapacity(bytes: number): void {
    const neededBytes = SLOT_BASE_BYTES + bytes;
    if (this.#bytes.length >= neededBytes) return;
    try {
      // Growing by 0 pages updates this thread's view of a slot that the other thread has grown.
      this.memory.grow(0);
      const missingBytes = neededBytes - this.memory.buffer.byteLength;
      if (missingBytes > 0) this.memory.grow(Math.ceil(missingBytes / PAGE_BYTES));
    } catch (error) {
      throw new EffvitError(
        'INTERNAL',
        `Cannot grow a frame slot to ${neededBytes} bytes: free memory, use fewer threads or smaller images.`,
        { cause: error },
      );
    }
    this.#bytes = new Uint8Array(this.memory.buffer);
  }

  /** Copies a frame's needed rows; no other copy is made. `data` is the frame that `plan` was made for. */
  copyFrom(data: Uint8Array, plan: Pick<FramePlan, 'segments' | 'slotBytes'>): void {
    this.ensureCapacity(plan.slotBytes + COPY_ALIGNMENT_BYTES);
    const bytes = this.#bytes;
    const shiftBytes = data.byteOffset % COPY_ALIGNMENT_BYTES;
    bytes[SHIFT_ADDRESS] = shiftBytes;
    for (const { sourceOffsetBytes, slotOffsetBytes, lengthBytes } of plan.segments) {
      bytes.set(
        data.subarray(sourceOffsetBytes, sourceOffsetBytes + lengthBytes),
        SLOT_BASE_BYTES + slotOffsetBytes + shiftBytes,
      );
    }
  }

  /** Offset in bytes, 0 to 7, of the copied rows from their places in the plan. */
  get shiftBytes(): number {
    return this.#bytes[SHIFT_ADDRESS] ?? 0;
  }

  /** The first bytes that {@link copyFrom} put here, e.g. a whole compressed picture. */
  copied(lengthBytes: number): Uint8Array {
    this.ensureCapacity(lengthBytes + COPY_ALIGNMENT_BYTES);
    return this.view(this.shiftBytes, lengthBytes);
  }

  /** A view of the slot's bytes; offsets are those of the plan. */
  view(offsetBytes: number, lengthBytes: number): Uint8Array {
    this.ensureCapacity(offsetBytes + lengthBytes);
    return new Uint8Array(this.memory.buffer, SLOT_BASE_BYTES + offsetBytes, lengthBytes);
  }
}
