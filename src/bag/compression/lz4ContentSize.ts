import { EffvitError } from '../../core/EffvitError.js';

const FRAME_MAGIC = 0x184d2204;

/**
 * Upper bound of an LZ4 frame's content, from its frame and block headers (LZ4 Frame Format 1.6.1), so that a corrupted
 * header cannot cause a large allocation.
 *
 * @throws EffvitError BAD_BAG: not LZ4, or cut off.
 */
export function lz4ContentSize(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  const need = (count: number): number => {
    const start = offset;
    if (count > bytes.byteLength - start) {
      throw new EffvitError('BAD_BAG', `LZ4 data is cut off after ${bytes.byteLength} bytes.`);
    }
    offset = start + count;
    return start;
  };
  const magic = view.getUint32(need(4), true);
  if (magic !== FRAME_MAGIC) {
    throw new EffvitError('BAD_BAG', `Not LZ4 data: 0x${magic.toString(16)} stands for the magic number.`);
  }
  const flags = view.getUint8(need(1));
  const sizeCode = (view.getUint8(need(1)) >> 4) & 7;
  if (sizeCode < 4) throw new EffvitError('BAD_BAG', `LZ4 data has the unknown block size code ${sizeCode}.`);
  // 4, 5, 6, 7 stand for 64 KiB, 256 KiB, 1 MiB, 4 MiB.
  const mostBlockBytes = 2 ** (8 + 2 * sizeCode);
  need((flags & 0x08) !== 0 ? 8 : 0);
  need((flags & 0x01) !== 0 ? 4 : 0);
  need(1);
  let mostBytes = 0;
  for (;;) {
    const header = view.getUint32(need(4), true);
    if (header === 0) return mostBytes;
    const size = header & 0x7fffffff;
    const isStored = header >>> 31 === 1;
    need(size);
    need((flags & 0x10) !== 0 ? 4 : 0);
    // A match token can repeat itself 255 times at most.
    mostBytes += isStored ? size : Math.min(mostBlockBytes, size * 255);
  }
}
