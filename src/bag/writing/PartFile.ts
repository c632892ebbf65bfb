import { type FileHandle, open } from 'node:fs/promises';

/**
 * Where a writer's bytes go; made exchangeable so that a full disk can be tried. Errors are the system's own:
 * the writer says what it was writing.
 */
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
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async create(path: string): Promise<PartFile> {
    return new PartFile(await open(path, 'wx'));
  }

  async write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.byteLength) {
      written += (await this.#handle.write(bytes, written)).bytesWritten;
    }
  }

  async close(): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
  }

  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }
}
