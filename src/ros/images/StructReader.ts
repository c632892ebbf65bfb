import { loadNative } from '../../core/loadNative.js';
import type { Stamp } from '../../core/Stamp.js';
import { decodeText } from '../../image/cdr/CdrCursor.js';

const POINTER_BYTES = 8;
const LITTLE_ENDIAN = true;
const NOTHING = new Uint8Array(0);
/** An allocator returns the same few addresses repeatedly; the views of old addresses are dropped. */
const KEPT_VIEWS = 64;

/**
 * Views of memory that native code owns, one per address: an ArrayBuffer over foreign memory takes microseconds to
 * create and more to collect.
 */
export class NativeMemory {
  readonly #views = new Map<number, Uint8Array>();

  /** A view of `lengthBytes` bytes from this address. The caller must ensure that they stay valid while it reads. */
  at(address: number, lengthBytes: number): Uint8Array {
    let view = this.#views.get(address);
    if (view === undefined || view.length < lengthBytes) {
      if (this.#views.size >= KEPT_VIEWS) this.#views.clear();
      view = new Uint8Array(loadNative<typeof import('koffi')>('koffi').view(BigInt(address), lengthBytes));
      this.#views.set(address, view);
    }
    return view.length === lengthBytes ? view : view.subarray(0, lengthBytes);
  }
}

/**
 * Reads a C structure in the layout of rosidl_generator_c on 64-bit platforms. A string or a sequence is a pointer, the
 * number of elements and the capacity (rosidl_runtime_c/string.h, primitives_sequence.h).
 */
export class StructReader {
  readonly #view: DataView;
  readonly #memory: NativeMemory;

  constructor(struct: Buffer, memory: NativeMemory) {
    this.#view = new DataView(struct.buffer, struct.byteOffset, struct.byteLength);
    this.#memory = memory;
  }

  uint8(offset: number): number {
    return this.#view.getUint8(offset);
  }

  uint32(offset: number): number {
    return this.#view.getUint32(offset, LITTLE_ENDIAN);
  }

  /** builtin_interfaces/Time */
  stamp(offset: number): Stamp {
    return { sec: this.#view.getInt32(offset, LITTLE_ENDIAN), nanosec: this.uint32(offset + 4) };
  }

  text(offset: number): string {
    const bytes = this.bytes(offset);
    return decodeText(bytes, 0, bytes.length);
  }

  /** The elements of a string or a byte sequence: native memory, valid until the structure is filled or freed. */
  bytes(offset: number): Uint8Array {
    const length = this.#word(offset + POINTER_BYTES);
    return length === 0 ? NOTHING : this.#memory.at(this.#word(offset), length);
  }

  /** A pointer or a size_t: user space has 47 bits, which a number represents exactly. */
  #word(offset: number): number {
    return this.uint32(offset) + this.uint32(offset + 4) * 2 ** 32;
  }
}
