import { open } from 'node:fs/promises';

/**
 * Destination of a writer's bytes; an interface so that tests can simulate a full disk. Errors are those of the system;
 * the writer adds what it was writing.
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
    // Appends after the last write.
    write: (bytes) => handle.writeFile(bytes),
    close: async () => {
      await handle.sync();
      await handle.close();
    },
    abandon: () => handle.close().catch(() => undefined),
  };
}
