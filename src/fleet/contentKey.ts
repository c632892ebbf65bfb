import { createHash } from 'node:crypto';
import { MCAP_MAGIC } from '@mcap/core';
import { readMcapIndex } from '../bag/mcap/readMcapIndex.js';
import {
  CHUNK_HEADER_BYTES,
  parseMcapChunkHeader,
  RECORD_HEADER_BYTES,
} from '../bag/mcap/readMcapSegment.js';
import { RandomAccessFile } from '../bag/RandomAccessFile.js';
import { EffvitError } from '../core/EffvitError.js';
import { sha256File } from '../core/sha256File.js';
import { bagFiles } from './bagVersion.js';

/** The Footer record (its header, two offsets, a checksum) and the magic that ends the file. */
const FOOTER_BYTES = RECORD_HEADER_BYTES + 20 + MCAP_MAGIC.length;
/** A chunk record up to its content, with the longest name of a compression. */
const CHUNK_HEAD_BYTES = RECORD_HEADER_BYTES + CHUNK_HEADER_BYTES + 16 + 8;

export interface ContentKeyOptions {
  /** Hash every byte, for a bag whose checksums do not match. */
  readonly isWhole?: boolean;
  /** A file whose content is part of the key: what the bag's results are compared with. */
  readonly besidePath?: string | undefined;
  readonly signal?: AbortSignal;
}

/**
 * A key of a bag's content, 64 hexadecimal digits, independent of its path and times.
 *
 * For an MCAP file with an index and chunk checksums (as rosbag2 writes it), only the index and the header of each
 * chunk are read. They contain size, times and CRC-32 of the content, so another content has another key. For other
 * files every byte is hashed, which takes little time compared with decoding their pictures.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED, BAD_BAG (no regular file), CANCELLED
 */
export async function contentKey(path: string, options: ContentKeyOptions = {}): Promise<string> {
  const hash = createHash('sha256').update('effvit bag 1\n');
  const files = await bagFiles(path).catch((cause: unknown) => {
    const isAbsent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new EffvitError(
      isAbsent ? 'NOT_FOUND' : 'IO_FAILED',
      isAbsent
        ? `There is no bag at ${path}: check the path.`
        : `Cannot look at ${path}: ${(cause as Error).message}`,
      { context: { file: path }, cause },
    );
  });
  for (const { path: file, place } of files) {
    const indexed = options.isWhole === true ? undefined : await indexedKey(file);
    const key = indexed ?? `bytes ${await sha256File(file, options.signal)}`;
    // Includes the names within a folder, since metadata.yaml refers to them.
    hash.update(`${place}\n${key}\n`);
  }
  const key = hash.digest('hex');
  if (options.besidePath === undefined) return key;
  const beside = await sha256File(options.besidePath, options.signal);
  return createHash('sha256').update(`${key} ${beside}`).digest('hex');
}

/** Undefined if the file's checksums do not cover its messages. */
async function indexedKey(path: string): Promise<string | undefined> {
  const file = await RandomAccessFile.open(path);
  try {
    const magic = await file.read(0, Math.min(MCAP_MAGIC.length, file.sizeBytes));
    if (!MCAP_MAGIC.every((byte, at) => magic[at] === byte)) return undefined;
    const { segments } = await readMcapIndex(file);
    const hash = createHash('sha256').update(`${file.sizeBytes}\n`);
    const footer = await file.read(file.sizeBytes - FOOTER_BYTES, FOOTER_BYTES);
    const summaryStart = Number(new DataView(footer.buffer).getBigUint64(RECORD_HEADER_BYTES, true));
    hash.update(await file.read(summaryStart, file.sizeBytes - summaryStart));
    for (const { offsetBytes, lengthBytes } of segments) {
      const head = await file.read(offsetBytes, Math.min(CHUNK_HEAD_BYTES, lengthBytes));
      const { crc, contentOffset, uncompressedBytes } = parseMcapChunkHeader(head);
      if (crc === 0 && uncompressedBytes > 0n) return undefined;
      hash.update(head.subarray(0, contentOffset));
    }
    return `index ${hash.digest('hex')}`;
  } catch (error) {
    if (error instanceof EffvitError && error.code === 'IO_FAILED') throw error;
    // No index, or one that does not match the file.
    return undefined;
  } finally {
    await file.close();
  }
}
