import { EffvitError, type EffvitErrorCode } from '../../core/EffvitError.js';
import type { Stamp } from '../../core/Stamp.js';
import type { FrameHeader } from '../ImageFrame.js';

/** Bytes of the encapsulation header that precedes every serialised ROS 2 message (DDS-RTPS 2.5, 10.2). */
const ENCAPSULATION_BYTES = 4;

const utf8 = new TextDecoder();
const SHORT_BYTES = 64;

/**
 * Reads the fields of one serialised message in place. Nothing is copied. Every length is checked against the remaining
 * bytes before use, so a hostile length cannot cause a large allocation or a read beyond the end.
 *
 * Understands plain CDR of both byte orders (encapsulation kinds 0x0000 and 0x0001), which every ROS 2 middleware
 * writes for messages; parameter lists and XCDR2 are rejected. ROS 1's serialisation is little endian and has neither
 * encapsulation header, alignment nor a NUL after texts.
 */
export class CdrCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly isLittleEndian: boolean;
  /** E.g. `Image message on /camera/image_raw`; every error message starts with it. */
  readonly #what: string;
  readonly #code: EffvitErrorCode;
  readonly #isRos1: boolean;
  #offset = ENCAPSULATION_BYTES;

  /** @param code of every error. @throws EffvitError BAD_IMAGE, or with the given code. */
  constructor(
    bytes: Uint8Array,
    what: string,
    code: EffvitErrorCode = 'BAD_IMAGE',
    format: 'cdr' | 'ros1' = 'cdr',
  ) {
    this.#bytes = bytes;
    this.#what = what;
    this.#code = code;
    this.#isRos1 = format === 'ros1';
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#isRos1) {
      this.isLittleEndian = true;
      this.#offset = 0;
      return;
    }
    if (bytes.byteLength < ENCAPSULATION_BYTES) {
      throw new EffvitError(
        this.#code,
        `${what} has ${bytes.byteLength} bytes, fewer than the ${ENCAPSULATION_BYTES} of the CDR header.`,
      );
    }
    const kind = this.#view.getUint16(0, false);
    if (kind > 1) {
      throw new EffvitError(
        this.#code,
        `${what} has CDR encapsulation 0x${kind.toString(16).padStart(4, '0')}; plain CDR (0x0000 or 0x0001) is read.`,
      );
    }
    this.isLittleEndian = kind === 1;
  }

  /** All bytes after the encapsulation header, for messages of fixed layout. */
  get body(): Uint8Array {
    return this.#bytes.subarray(ENCAPSULATION_BYTES);
  }

  int32(name: string): number {
    this.#align(4);
    return this.#view.getInt32(this.#take(4, name), this.isLittleEndian);
  }

  uint32(name: string): number {
    this.#align(4);
    return this.#view.getUint32(this.#take(4, name), this.isLittleEndian);
  }

  uint64(name: string): bigint {
    this.#align(8);
    return this.#view.getBigUint64(this.#take(8, name), this.isLittleEndian);
  }

  uint8(name: string): number {
    return this.#view.getUint8(this.#take(1, name));
  }

  float64(name: string): number {
    this.#align(8);
    return this.#view.getFloat64(this.#take(8, name), this.isLittleEndian);
  }

  /** builtin_interfaces/Time, as received: `nanosec` is not normalised. */
  time(name: string): Stamp {
    return { sec: this.int32(name), nanosec: this.uint32(name) };
  }

  /** std_msgs/Header. */
  header(): Pick<FrameHeader, 'stamp' | 'frameId'> {
    if (this.#isRos1) this.uint32('header.seq');
    return { stamp: this.time('header.stamp'), frameId: this.string('header.frame_id') };
  }

  string(name: string): string {
    const length = this.uint32(name);
    const start = this.#take(length, name);
    // The length counts a terminating NUL, which some writers leave out.
    const hasNul = !this.#isRos1 && length > 0 && this.#bytes[start + length - 1] === 0;
    return decodeText(this.#bytes, start, start + length - (hasNul ? 1 : 0));
  }

  /** A `uint8[]`: a view of the message's own bytes. */
  byteSequence(name: string): Uint8Array {
    return this.bytes(this.uint32(name), name);
  }

  /** A `uint8[length]`: a view of the message's own bytes. */
  bytes(length: number, name: string): Uint8Array {
    const start = this.#take(length, name);
    return this.#bytes.subarray(start, start + length);
  }

  /** Alignment counts from the end of the encapsulation header. @param bytes a power of two. */
  #align(bytes: number): void {
    if (this.#isRos1) return;
    this.#offset = ENCAPSULATION_BYTES + ((this.#offset - ENCAPSULATION_BYTES + bytes - 1) & -bytes);
  }

  #take(length: number, name: string): number {
    const start = this.#offset;
    const left = this.#bytes.byteLength - start;
    if (length > left) {
      throw new EffvitError(
        this.#code,
        `${this.#what} is cut off: ${name} needs ${length} bytes at byte ${start}, but ${Math.max(left, 0)} of ${this.#bytes.byteLength} are left.`,
        { context: { byteOffset: start } },
      );
    }
    this.#offset = start + length;
    return start;
  }
}

/**
 * The text in `bytes` from `start` to `end`, UTF-8. Frame ids and encodings are short ASCII; a call of TextDecoder
 * would take longer than reading all other fields of an image message.
 */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte > 0x7f || at - start > SHORT_BYTES) return utf8.decode(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}
