import { EffvitError } from '../../core/EffvitError.js';

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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let statedBytes: number | undefined = 0;
  let mostBytes = 0;
  let offset = 0;
  const need = (count: number): number => {
    const start = offset;
    if (count > bytes.byteLength - start) {
      throw new EffvitError('BAD_BAG', `zstd data is cut off after ${bytes.byteLength} bytes.`);
    }
    offset = start + count;
    return start;
  };
  if (bytes.byteLength === 0) throw new EffvitError('BAD_BAG', 'zstd data is empty.');
  while (offset < bytes.byteLength) {
    const magic = view.getUint32(need(4), true);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      need(view.getUint32(need(4), true));
      continue;
    }
    if (magic !== FRAME_MAGIC) {
      throw new EffvitError('BAD_BAG', `Not zstd data: 0x${magic.toString(16)} stands for the magic number.`);
    }
    const descriptor = view.getUint8(need(1));
    const isSingleSegment = (descriptor & 0x20) !== 0;
    if (!isSingleSegment) need(1);
    need([0, 1, 2, 4][descriptor & 3] ?? 0);
    switch (descriptor >> 6) {
      case 0:
        statedBytes = isSingleSegment ? add(statedBytes, view.getUint8(need(1))) : undefined;
        break;
      case 1:
        statedBytes = add(statedBytes, view.getUint16(need(2), true) + 256);
        break;
      case 2:
        statedBytes = add(statedBytes, view.getUint32(need(4), true));
        break;
      default:
        statedBytes = add(statedBytes, Number(view.getBigUint64(need(8), true)));
    }
    for (let isLast = false; !isLast; ) {
      const at = need(3);
      const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
      const size = header >> 3;
      isLast = (header & 1) !== 0;
      const blockType = (header >> 1) & 3;
      if (blockType === 3) throw new EffvitError('BAD_BAG', 'zstd data has a block of the reserved type.');
      // A raw block holds its content, a run-length block one byte that is repeated.
      need(blockType === 1 ? 1 : size);
      mostBytes += blockType === 2 ? MOST_BLOCK_BYTES : size;
    }
    if ((descriptor & 4) !== 0) need(4);
  }
  return { statedBytes, mostBytes };
}

function add(sum: number | undefined, bytes: number): number | undefined {
  return sum === undefined ? undefined : sum + bytes;
}
