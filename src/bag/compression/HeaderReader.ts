import { EffvitError } from '../../core/EffvitError.js';

/** Reads the little-endian headers of compressed data one after the other; each is checked against the remaining bytes. */
export class HeaderReader {
  readonly #view: DataView;
  readonly #format: string;
  #offset = 0;

  /** @param format The format's name, for messages. */
  constructor(bytes: Uint8Array, format: string) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#format = format;
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#view.byteLength;
  }

  /** An unsigned number of 1 to 8 bytes. @throws EffvitError BAD_BAG: cut off */
  number(byteCount: number): number {
    const start = this.skip(byteCount);
    let value = 0;
    for (let at = byteCount - 1; at >= 0; at--) value = value * 256 + this.#view.getUint8(start + at);
    return value;
  }

  /** @returns Where the skipped bytes start. @throws EffvitError BAD_BAG: cut off */
  skip(byteCount: number): number {
    const start = this.#offset;
    if (byteCount > this.#view.byteLength - start) {
      throw this.error(`is cut off after ${this.#view.byteLength} bytes`);
    }
    this.#offset = start + byteCount;
    return start;
  }

  error(what: string): EffvitError {
    return new EffvitError('BAD_BAG', `${this.#format} data ${what}.`);
  }
}
