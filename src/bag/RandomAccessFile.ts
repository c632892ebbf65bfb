import type { FileHandle } from 'node:fs/promises';
import { asEffvitError, fileError } from '../core/EffvitError.js';
import { openInput } from '../core/readInput.js';

/** The largest read, whatever length a file claims for one of its parts: 1 GiB. */
const MOST_READ_BYTES = 2 ** 30;

/** Small reads are served from a window of this size, so that scanning records does not need one system call each. */
const WINDOW_BYTES = 16 * 1024;

/** A file that is open for reads at any offset; its size is that at the time of opening. */
export class RandomAccessFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly #handle: FileHandle;
  #window: { start: number; bytes: Uint8Array } = { start: 0, bytes: new Uint8Array(0) };
  #isClosed = false;

  private constructor(path: string, handle: FileHandle, sizeBytes: number) {
    this.path = path;
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
  }

  /** @throws EffvitError NOT_FOUND, BAD_BAG (no regular file), IO_FAILED */
  static async open(path: string): Promise<RandomAccessFile> {
    const handle = await openInput(path, `There is no bag at ${path}: check the path.`, 'BAD_BAG');
    const info = await handle.stat();
    if (!info.isFile()) {
      await handle.close();
      throw fileError('BAD_BAG', path, 'is no regular file');
    }
    return new RandomAccessFile(path, handle, info.size);
  }

  /**
   * Exactly `length` bytes in a new buffer.
   *
   * @throws EffvitError BAD_BAG: beyond the end of the file, or an absurd length; IO_FAILED; CLOSED
   */
  async read(offset: number, length: number): Promise<Uint8Array> {
    if (this.#isClosed) throw fileError('CLOSED', this.path, 'was closed while it was read');
    if (!(offset >= 0 && length >= 0 && offset + length <= this.sizeBytes)) {
      const what = `has ${this.sizeBytes} bytes, too few for ${length} bytes at byte ${offset}`;
      throw fileError('BAD_BAG', this.path, what).addContext({ byteOffset: offset });
    }
    if (length > MOST_READ_BYTES) {
      const what = `claims a part of ${length} bytes at byte ${offset}; at most ${MOST_READ_BYTES} are read`;
      throw fileError('BAD_BAG', this.path, what).addContext({ byteOffset: offset });
    }
    // Zero-filling would cost as much as reading. Not from Buffer's pool, because views of the buffer are retained.
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    let filled = 0;
    while (filled < length) {
      let bytesRead: number;
      try {
        ({ bytesRead } = await this.#handle.read(bytes, filled, length - filled, offset + filled));
      } catch (error) {
        throw asEffvitError(error, 'IO_FAILED', `Cannot read ${this.path}`, { file: this.path });
      }
      if (bytesRead === 0) throw fileError('BAD_BAG', this.path, 'became shorter while it was read');
      filled += bytesRead;
    }
    return bytes;
  }

  /** Up to `length` bytes (at most 16 KiB), fewer at the end of the file; a view that must not be retained. */
  async peek(offset: number, length: number): Promise<Uint8Array> {
    const wanted = Math.min(length, this.sizeBytes - offset);
    let window = this.#window;
    if (offset < window.start || offset + wanted > window.start + window.bytes.byteLength) {
      const bytes = await this.read(offset, Math.min(WINDOW_BYTES, this.sizeBytes - offset));
      window = { start: offset, bytes };
      this.#window = window;
    }
    const from = offset - window.start;
    return window.bytes.subarray(from, from + wanted);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#handle.close();
  }
}
