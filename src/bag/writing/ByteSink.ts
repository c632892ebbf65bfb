import { open } from 'node:fs/promises';

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
export async function openFileSink(path: string): Promise<ByteSink> {
  const handle = await open(path, 'wx');
  return {
    // From where the last one ended.
    write: (bytes) => handle.writeFile(bytes),
    close: async () => {
      await handle.sync();
      await handle.close();
    },
    abandon: () => handle.close().catch(() => undefined),
  };
}
