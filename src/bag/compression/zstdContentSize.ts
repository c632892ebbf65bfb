import { HeaderReader } from './HeaderReader.js';

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** No block decompresses to more (RFC 8878, 3.1.1.2.4). */
const MOST_BLOCK_BYTES = 128 * 1024;

/** Content size of a sequence of zstd frames. */
export interface ZstdContentSize {
  /** The sum of the frames' content sizes if every frame states its own. */
  readonly statedBytes: number | undefined;
  /** Upper bound of the decompressed size. */
  readonly mostBytes: number;
}

/** True if the bytes start with a zstd frame. */
export function isZstd(bytes: Uint8Array): boolean {
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;
}

/**
 * Reads the frame and block headers (RFC 8878, 3.1.1), so that a corrupted header cannot cause a large allocation.
 *
 * @throws EffvitError BAD_BAG: not zstd, or cut off.
 */
export function zstdContentSize(bytes: Uint8Array): ZstdContentSize {
  const header = new HeaderReader(bytes, 'zstd');
  if (header.isAtEnd) throw header.error('is empty');
  let statedBytes: number | undefined = 0;
  let mostBytes = 0;
  while (!header.isAtEnd) {
    const magic = header.number(4);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      header.skip(header.number(4));
      continue;
    }
    if (magic !== FRAME_MAGIC) {
      throw header.error(`begins with 0x${magic.toString(16)}, not with zstd's magic number`);
    }
    const descriptor = header.number(1);
    const isSingleSegment = (descriptor & 0x20) !== 0;
    if (!isSingleSegment) header.skip(1);
    header.skip([0, 1, 2, 4][descriptor & 3] ?? 0);
    const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
    if (sizeBytes === 0) statedBytes = undefined;
    else {
      // Sizes of two bytes begin at 256.
      const size = header.number(sizeBytes) + (sizeBytes === 2 ? 256 : 0);
      if (statedBytes !== undefined) statedBytes += size;
    }
    for (let isLast = false; !isLast; ) {
      const block = header.number(3);
      const size = block >> 3;
      isLast = (block & 1) !== 0;
      const blockType = (block >> 1) & 3;
      if (blockType === 3) throw header.error('has a block of the reserved type');
      // A raw block holds its content, a run-length block one byte that is repeated.
      header.skip(blockType === 1 ? 1 : size);
      mostBytes += blockType === 2 ? MOST_BLOCK_BYTES : size;
    }
    if ((descriptor & 4) !== 0) header.skip(4);
  }
  return { statedBytes, mostBytes };
}
