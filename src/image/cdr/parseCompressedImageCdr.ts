import type { CompressedImageFrame } from '../ImageFrame.js';
import { CdrCursor } from './CdrCursor.js';

/**
 * A serialised sensor_msgs/msg/CompressedImage as a frame; `data` is a view of `bytes`, so keep those unchanged. The
 * picture's bytes are checked by its decoder.
 *
 * @param source The frame's `source`: the topic's name.
 * @throws EffvitError BAD_IMAGE: not plain CDR, or cut off.
 */
export function parseCompressedImageCdr(bytes: Uint8Array, source: string): CompressedImageFrame {
  const cursor = new CdrCursor(bytes, `The CompressedImage message on ${source}`);
  const stamp = cursor.time('header.stamp');
  const frameId = cursor.string('header.frame_id');
  const format = cursor.string('format');
  const data = cursor.byteSequence('data');
  return { kind: 'compressed', stamp, frameId, source, format, data };
}
