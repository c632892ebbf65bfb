import type { FileHandle } from 'node:fs/promises';
import { asEffvitError, EffvitError, type EffvitErrorCode } from './EffvitError.js';
import { openInput } from './readInput.js';

/** Whether a system error says that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/**
 * The error of a file or folder that cannot be read.
 *
 * @param missing The sentence for a missing one (NOT_FOUND); everything else is IO_FAILED.
 */
export function readError(error: unknown, path: string, missing: string): EffvitError {
  return isMissing(error)
    ? new EffvitError('NOT_FOUND', missing, { context: { file: path }, cause: error })
    : asEffvitError(error, 'IO_FAILED', `Cannot read ${path}`, { file: path });
}

/** Opens a file for random access, and closes it after `use`. @throws EffvitError as {@link readError}, or as `use` */
export async function withInput<T>(
  path: string,
  missing: string,
  use: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  try {
    const handle = await openInput(path);
    try {
      return await use(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw readError(error, path, missing);
  }
}

/** The first bytes of a file, fewer than `count` where it is shorter. @throws the system's error */
export async function firstBytes(handle: FileHandle, count: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
  return buffer.subarray(0, bytesRead);
}

/** An error about a file: the sentence is its path and `what`, which begins with a verb and has no full stop. */
export function fileError(code: EffvitErrorCode, path: string, what: string, cause?: unknown): EffvitError {
  return new EffvitError(code, `${path} ${what}.`, { context: { file: path }, cause });
}
