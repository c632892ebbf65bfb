import { readFileSync } from 'node:fs';
import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { EffvitError, type EffvitErrorCode, fileError, readError } from './EffvitError.js';

/** Without O_NONBLOCK, opening a named pipe blocks uninterruptibly until somebody writes into it. */
export const READ_NOW = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const PIECE_BYTES = 1 << 20;
const POLL_MS = 20;

export interface ReadInputOptions {
  /** The sentence for a missing file (NOT_FOUND); without it, a missing file is IO_FAILED. */
  readonly missing?: string;
  readonly signal?: AbortSignal | undefined;
  /** How long a pipe may be silent, milliseconds; default 10 s. */
  readonly limitMs?: number;
  /** The most that is read from a pipe or device; default 1 GiB. */
  readonly maxBytes?: number;
}

let stopSignal: AbortSignal | undefined;

/** For executables: aborting the signal cancels every read of a pipe that has no signal of its own. */
export function cancelReadsBy(signal: AbortSignal): void {
  stopSignal = signal;
}

/**
 * Reads a whole file, or a pipe or device until its end: `/dev/stdin`, `<(command)`, a named pipe.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED, TIMED_OUT (nothing came), OUT_OF_RANGE (no end), CANCELLED
 */
export async function readInput(path: string, options: ReadInputOptions = {}): Promise<Buffer> {
  try {
    const handle = await open(path, READ_NOW);
    try {
      const info = await handle.stat();
      if (info.isFile() || info.isDirectory()) return await handle.readFile();
      return await readStream(handle, path, options);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw readError(error, path, options.missing);
  }
}

/**
 * Opens a regular file or folder for random access.
 *
 * @throws EffvitError as {@link readError}; `code` for a pipe or device
 */
export async function openInput(
  path: string,
  missing?: string,
  code: EffvitErrorCode = 'IO_FAILED',
): Promise<FileHandle> {
  const handle = await open(path, READ_NOW).catch((error: unknown) => {
    throw readError(error, path, missing);
  });
  const info = await handle.stat();
  if (info.isFile() || info.isDirectory()) return handle;
  await handle.close();
  throw fileError(code, path, 'is no regular file: write its content into one first');
}

/** Opens a file for random access, and closes it after `use`. @throws EffvitError as {@link readError}, or as `use` */
export async function withInput<T>(
  path: string,
  missing: string | undefined,
  use: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await openInput(path, missing);
  try {
    return await use(handle);
  } catch (error) {
    throw readError(error, path, missing);
  } finally {
    await handle.close();
  }
}

/** The first bytes of a file, fewer than `count` where it is shorter. @throws the system's error */
export async function firstBytes(handle: FileHandle, count: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
  return buffer.subarray(0, bytesRead);
}

/** As {@link firstBytes}, of a file that is not open; undefined if it is no regular file or cannot be read. */
export async function firstBytesOf(path: string, count: number): Promise<Buffer | undefined> {
  // A pipe is not opened here: its writer would lose its reader.
  if (!(await isFile(path))) return undefined;
  return withInput(path, undefined, (handle) => firstBytes(handle, count)).catch(() => undefined);
}

/** Whether there is a regular file, links followed; false for one that cannot be looked at. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

/** A small file's text without surrounding white space, for files that may be missing; undefined if unreadable or empty. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

/** UTF-8 with or without a byte order mark. @throws EffvitError with `code` if it is another encoding. */
export function decodeUtf8(bytes: Uint8Array, path: string, code: EffvitErrorCode): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw fileError(code, path, 'is not UTF-8 text: save it as UTF-8', error);
  }
}

async function readStream(
  handle: FileHandle,
  path: string,
  { signal = stopSignal, limitMs = 10_000, maxBytes = 2 ** 30 }: ReadInputOptions,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  let silentSinceMs = performance.now();
  for (;;) {
    if (signal?.aborted === true)
      throw new EffvitError('CANCELLED', `Reading ${path} was cancelled.`, { context: { file: path } });
    const piece = await readPiece(handle);
    if (piece !== undefined && piece.length > 0) {
      pieces.push(piece);
      length += piece.length;
      silentSinceMs = performance.now();
      if (length <= maxBytes) continue;
      throw fileError('OUT_OF_RANGE', path, `gives more than ${maxBytes} bytes: name a file`);
    }
    // A pipe that nobody has opened for writing yet also reads as ended.
    if (piece !== undefined && length > 0) return Buffer.concat(pieces);
    if (performance.now() - silentSinceMs > limitMs) {
      const what =
        length === 0
          ? `gave nothing for ${limitMs} ms: name a file`
          : `stopped for ${limitMs} ms before its end`;
      throw fileError('TIMED_OUT', path, `is a pipe that ${what}`);
    }
    await sleep(POLL_MS);
  }
}

/** The bytes that are available now; empty at the end, undefined if more may follow. */
async function readPiece(handle: FileHandle): Promise<Buffer | undefined> {
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}
