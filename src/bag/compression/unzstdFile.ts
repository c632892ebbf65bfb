import { closeSync, openSync, readSync, statfsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { ZSTDDecoder } from 'zstddec/stream';
import { asEffvitError, EffvitError } from '../../core/EffvitError.js';
import { READ_NOW } from '../../core/readInput.js';

const INPUT_BYTES = 128 * 1024;

/** Output is buffered up to this size before it is written. */
const WRITE_BYTES = 4 * 1024 * 1024;

/** Disk space that is kept free. */
const SPARED_BYTES = 256 * 1024 * 1024;

/** After so many empty results in a row the decoder is considered stuck. */
const MOST_EMPTY_RESULTS = 8;

/**
 * Decompresses a whole file (rosbag2's compression mode `file`) into another, piece by piece.
 *
 * @returns Why the output ends early; undefined if the whole file was decompressed. The readable part is written.
 * @throws EffvitError IO_FAILED: cannot read or write, or the disk is full
 */
export async function unzstdFile(from: string, to: string): Promise<string | undefined> {
  const decoder = new ZSTDDecoder();
  await decoder.init();
  const target = await open(to, 'wx').catch((error: unknown) => {
    throw asEffvitError(error, 'IO_FAILED', `Cannot decompress ${from} to ${to}`, { file: from });
  });
  let source: number | undefined;
  try {
    const file = openSync(from, READ_NOW);
    source = file;
    let readBytes = 0;
    // Synchronously, because the decoder accepts no asynchronous input.
    const pieces = function* (): Generator<Uint8Array, void, undefined> {
      for (;;) {
        const piece = new Uint8Array(INPUT_BYTES);
        const bytes = readSync(file, piece);
        if (bytes === 0) return;
        readBytes += bytes;
        yield piece.subarray(0, bytes);
      }
    };
    let gathered: Uint8Array[] = [];
    let gatheredBytes = 0;
    const flush = async (): Promise<void> => {
      const space = statfsSync(to);
      if (space.bavail * space.bsize < gatheredBytes + SPARED_BYTES) {
        throw new EffvitError(
          'IO_FAILED',
          `Not enough space to decompress ${from} to ${to}; set TMPDIR to a folder with more.`,
          { context: { file: from } },
        );
      }
      await target.writev(gathered);
      gathered = [];
      gatheredBytes = 0;
    };
    let problem: string | undefined;
    let emptyResults = 0;
    let lastReadBytes = 0;
    const results = decoder.decodeStreaming(pieces());
    for (;;) {
      let result: IteratorResult<Uint8Array>;
      try {
        result = results.next();
      } catch (error) {
        problem = (error as Error).message;
        break;
      }
      if (result.done === true) break;
      const { byteLength } = result.value;
      // The decoder reports no error; it only stops reading input.
      emptyResults = byteLength > 0 || readBytes > lastReadBytes ? 0 : emptyResults + 1;
      lastReadBytes = readBytes;
      if (emptyResults > MOST_EMPTY_RESULTS) {
        problem = `it is corrupted before byte ${readBytes}`;
        break;
      }
      if (byteLength > 0) gathered.push(result.value);
      gatheredBytes += byteLength;
      if (gatheredBytes >= WRITE_BYTES) {
        await flush();
        await setImmediate();
      }
    }
    await flush();
    return problem;
  } catch (error) {
    throw asEffvitError(error, 'IO_FAILED', `Cannot decompress ${from} to ${to}`, { file: from });
  } finally {
    if (source !== undefined) closeSync(source);
    await target.close();
  }
}
