import { frameByEncoding } from '../frameByEncoding.js';
import type { ImageFrame } from '../ImageFrame.js';
import { CdrCursor } from './CdrCursor.js';

/**
 * A serialised sensor_msgs/msg/Image as a frame, compressed if its encoding says so; `data` is a view of `bytes`, so
 * keep those unchanged. Only the message's structure is checked here; size, step and encoding are checked when the
 * frame's conversion is planned.
 *
 * @param source The frame's `source`: the topic's name.
 * @throws EffvitError BAD_IMAGE: not plain CDR, or cut off.
 */
export function parseImageCdr(bytes: Uint8Array, source: string): ImageFrame {
  const cursor = new CdrCursor(bytes, `The Image message on ${source}`);
  const stamp = cursor.time('header.stamp');
  const frameId = cursor.string('header.frame_id');
  const heightPx = cursor.uint32('height');
  const widthPx = cursor.uint32('width');
  const encoding = cursor.string('encoding');
  const isBigEndian = cursor.uint8('is_bigendian') !== 0;
  const strideBytes = cursor.uint32('step');
  const data = cursor.byteSequence('data');
  return frameByEncoding({
    kind: 'raw',
    stamp,
    frameId,
    source,
    encoding,
    widthPx,
    heightPx,
    strideBytes,
    isBigEndian,
    data,
  });
}
