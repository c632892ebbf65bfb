import { EffvitError } from '../../core/EffvitError.js';

const ZSTD_MAGIC = 0xfd2fb528;
const ZSTD_SKIPPABLE_MAGIC = 0x184d2a50;
/** No zstd block decompresses to more (RFC 8878, 3.1.1.2.4). */
const MOST_BLOCK_BYTES = 128 * 1024;
const LZ4_MAGIC = 0x184d2204;

/** True if the bytes start with a zstd frame. */
export function isZstd(bytes: Uint8Array): boolean {
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;
}

/**
 * The content size of a sequence of zstd frames, from their frame and block headers (RFC 8878, 3.1.1), so that a
 * corrupted header cannot cause a large allocation.
 *
 * @returns `statedBytes`: the sum of the frames' content sizes if every frame states its own; `mostBytes`: an upper bound.
 * @throws EffvitError BAD_BAG: not zstd, or cut off.
 */
export function zstdContentSize(bytes: Uint8Array) {
  const header = new HeaderReader(bytes, 'zstd');
  if (header.isAtEnd) throw header.error('is empty');
  let statedBytes: number | undefined = 0;
  let mostBytes = 0;
  while (!header.isAtEnd) {
    const magic = header.number(4);
    if ((magic & 0xfffffff0) >>> 0 === ZSTD_SKIPPABLE_MAGIC) {
      header.skip(header.number(4));
      continue;
    }
    if (magic !== ZSTD_MAGIC) {
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

/**
 * Upper bound of an LZ4 frame's content, from its frame and block headers (LZ4 Frame Format 1.6.1), so that a corrupted
 * header cannot cause a large allocation.
 *
 * @throws EffvitError BAD_BAG: not LZ4, or cut off.
 */
export function lz4ContentSize(bytes: Uint8Array): number {
  const header = new HeaderReader(bytes, 'LZ4');
  const magic = header.number(4);
  if (magic !== LZ4_MAGIC)
    throw header.error(`begins with 0x${magic.toString(16)}, not with LZ4's magic number`);
  const flags = header.number(1);
  const sizeCode = (header.number(1) >> 4) & 7;
  if (sizeCode < 4) throw header.error(`has the unknown block size code ${sizeCode}`);
  // 4, 5, 6, 7 stand for 64 KiB, 256 KiB, 1 MiB, 4 MiB.
  const mostBlockBytes = 2 ** (8 + 2 * sizeCode);
  header.skip((flags & 0x08) !== 0 ? 8 : 0);
  header.skip((flags & 0x01) !== 0 ? 4 : 0);
  header.skip(1);
  let mostBytes = 0;
  for (;;) {
    const block = header.number(4);
    if (block === 0) return mostBytes;
    const size = block & 0x7fffffff;
    const isStored = block >>> 31 === 1;
    header.skip(size);
    header.skip((flags & 0x10) !== 0 ? 4 : 0);
    // A match token can repeat itself 255 times at most.
    mostBytes += isStored ? size : Math.min(mostBlockBytes, size * 255);
  }
}

/** Reads the little-endian headers of compressed data one after the other; each is checked against the remaining bytes. */
class HeaderReader {
  readonly #view: DataView;
  readonly #format: string;
  #offset = 0;

  /** @param format The format's name, for messages. */
  constructor(bytes: Uint8Array, format: string) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#format = format;
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#view.byteLength;
  }

  /** An unsigned number of 1 to 8 bytes. @throws EffvitError BAD_BAG: cut off */
  number(byteCount: number): number {
    const start = this.skip(byteCount);
    let value = 0;
    for (let at = byteCount - 1; at >= 0; at--) value = value * 256 + this.#view.getUint8(start + at);
    return value;
  }

  /** @returns Where the skipped bytes start. @throws EffvitError BAD_BAG: cut off */
  skip(byteCount: number): number {
    const start = this.#offset;
    if (byteCount > this.#view.byteLength - start) {
      throw this.error(`is cut off after ${this.#view.byteLength} bytes`);
    }
    this.#offset = start + byteCount;
    return start;
  }

  error(what: string): EffvitError {
    return new EffvitError('BAD_BAG', `${this.#format} data ${what}.`);
  }
}
