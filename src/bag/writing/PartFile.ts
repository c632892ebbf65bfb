import { type FileHandle, open } from 'node:fs/promises';
import { asEffvitError } from '../../core/EffvitError.js';

/** Where a writer's bytes go; made exchangeable so that a full disk can be tried. */
export interface ByteSink {
  /** Writes all of it or throws; `bytes` may be reused afterwards. */
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes to the disk and closes. */
  close(): Promise<void>;
  /** Closes without flushing; never throws. */
  abandon(): Promise<void>;
}

/** A new file that is written from start to end. */
export class PartFile implements ByteSink {
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** @throws EffvitError IO_FAILED */
  static async create(path: string): Promise<PartFile> {
    try {
      return new PartFile(path, await open(path, 'wx'));
    } catch (error) {
      throw asEffvitError(error, 'IO_FAILED', `Cannot write ${path}`);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.byteLength) {
      try {
        written += (await this.#handle.write(bytes, written)).bytesWritten;
      } catch (error) {
        throw asEffvitError(error, 'IO_FAILED', `Cannot write ${this.#path}`);
      }
    }
  }

  async close(): Promise<void> {
    try {
      await this.#handle.sync();
      await this.#handle.close();
    } catch (error) {
      throw asEffvitError(error, 'IO_FAILED', `Cannot write ${this.#path}`);
    }
  }

  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }
}
