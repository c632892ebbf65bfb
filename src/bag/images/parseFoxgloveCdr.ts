import { CdrCursor } from '../../image/cdr/CdrCursor.js';
import type { CompressedImageFrame, RawImageFrame } from '../../image/ImageFrame.js';

/** A foxglove_msgs/msg/CompressedImage. @throws EffvitError BAD_IMAGE: not plain CDR, or cut off */
export function parseFoxgloveCompressedImageCdr(bytes: Uint8Array, source: string): CompressedImageFrame {
  const cursor = new CdrCursor(bytes, `The foxglove CompressedImage message on ${source}`);
  const stamp = cursor.time('timestamp');
  const frameId = cursor.string('frame_id');
  const data = cursor.byteSequence('data');
  const format = cursor.string('format');
  return { kind: 'compressed', stamp, frameId, source, format, data };
}

/** A foxglove_msgs/msg/RawImage. @throws EffvitError BAD_IMAGE: not plain CDR, or cut off */
export function parseFoxgloveRawImageCdr(bytes: Uint8Array, source: string): RawImageFrame {
  const cursor = new CdrCursor(bytes, `The foxglove RawImage message on ${source}`);
  const stamp = cursor.time('timestamp');
  const frameId = cursor.string('frame_id');
  const size = { widthPx: cursor.uint32('width'), heightPx: cursor.uint32('height') };
  const encoding = cursor.string('encoding');
  const strideBytes = cursor.uint32('step');
  const data = cursor.byteSequence('data');
  // Foxglove's schema says little endian.
  return { kind: 'raw', stamp, frameId, source, encoding, ...size, strideBytes, isBigEndian: false, data };
}
