import { EffvitError } from '../../core/EffvitError.js';
import type { Stamp } from '../../core/Stamp.js';
import { decodeText } from '../../image/cdr/decodeText.js';

/**
 * Reads the fields of one message in ROS 1's serialisation in place: little endian, without alignment, texts and
 * sequences preceded by their length. Every length is checked against the remaining bytes.
 */
export class Ros1Cursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Every error message starts with it. */
  readonly #what: string;
  #offset = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  uint32(name: string): number {
    return this.#view.getUint32(this.#take(4, name), true);
  }

  uint8(name: string): number {
    return this.#view.getUint8(this.#take(1, name));
  }

  /** ROS 1's seconds are unsigned. */
  time(name: string): Stamp {
    return { sec: this.uint32(name) | 0, nanosec: this.uint32(name) };
  }

  string(name: string): string {
    const length = this.uint32(name);
    const start = this.#take(length, name);
    return decodeText(this.#bytes, start, start + length);
  }

  /** A view of the message's own bytes. */
  byteSequence(name: string): Uint8Array {
    const length = this.uint32(name);
    const start = this.#take(length, name);
    return this.#bytes.subarray(start, start + length);
  }

  #take(length: number, name: string): number {
    const start = this.#offset;
    const left = this.#bytes.byteLength - start;
    if (length > left) {
      throw new EffvitError(
        'BAD_IMAGE',
        `${this.#what} is cut off: ${name} needs ${length} bytes at byte ${start}, but ${left} of ${this.#bytes.byteLength} are left.`,
        { context: { byteOffset: start } },
      );
    }
    this.#offset = start + length;
    return start;
  }
}
