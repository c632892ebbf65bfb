import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { EffvitError, type EffvitErrorCode } from './EffvitError.js';

/** Without O_NONBLOCK, opening a named pipe blocks uninterruptibly until somebody writes into it. */
export const READ_NOW = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const PIECE_BYTES = 1 << 20;
const POLL_MS = 20;

export interface ReadInputOptions {
  readonly signal?: AbortSignal;
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
 * @throws the system's error; EffvitError TIMED_OUT (nothing came), OUT_OF_RANGE (no end), CANCELLED
 */
export async function readInput(path: string, options: ReadInputOptions = {}): Promise<Buffer> {
  const handle = await open(path, READ_NOW);
  try {
    const info = await handle.stat();
    if (info.isFile() || info.isDirectory()) return await handle.readFile();
    return await readStream(handle, path, options);
  } finally {
    await handle.close();
  }
}

/** Opens a regular file for random access. @throws the system's error; EffvitError of that code for anything else */
export async function openInput(path: string, code: EffvitErrorCode = 'IO_FAILED'): Promise<FileHandle> {
  const handle = await open(path, READ_NOW);
  const info = await handle.stat();
  if (info.isFile() || info.isDirectory()) return handle;
  await handle.close();
  throw new EffvitError(code, `${path} is no regular file: write its content into one first.`, {
    context: { file: path },
  });
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
      throw new EffvitError('OUT_OF_RANGE', `${path} gives more than ${maxBytes} bytes: name a file.`, {
        context: { file: path },
      });
    }
    // A pipe that nobody has opened for writing yet also reads as ended.
    if (piece !== undefined && length > 0) return Buffer.concat(pieces);
    if (performance.now() - silentSinceMs > limitMs) {
      if (length === 0) {
        throw new EffvitError(
          'TIMED_OUT',
          `${path} is a pipe that gave nothing for ${limitMs} ms: name a file.`,
          { context: { file: path } },
        );
      }
      throw new EffvitError('TIMED_OUT', `${path} is a pipe that stopped for ${limitMs} ms before its end.`, {
        context: { file: path },
      });
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
