import { HeaderReader } from './HeaderReader.js';

const FRAME_MAGIC = 0x184d2204;

/**
 * Upper bound of an LZ4 frame's content, from its frame and block headers (LZ4 Frame Format 1.6.1), so that a corrupted
 * header cannot cause a large allocation.
 *
 * @throws EffvitError BAD_BAG: not LZ4, or cut off.
 */
export function lz4ContentSize(bytes: Uint8Array): number {
  const header = new HeaderReader(bytes, 'LZ4');
  const magic = header.number(4);
  if (magic !== FRAME_MAGIC)
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
