import { type CompressedImageFrame, frameByEncoding, type ImageFrame } from '../ImageFrame.js';
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
  return parseImage(new CdrCursor(bytes, `The Image message on ${source}`), source);
}

/** As {@link parseImageCdr}, from a sensor_msgs/Image in ROS 1's serialisation. */
export function parseRos1Image(bytes: Uint8Array, source: string): ImageFrame {
  return parseImage(
    new CdrCursor(bytes, `The ROS 1 Image message on ${source}`, 'BAD_IMAGE', 'ros1'),
    source,
  );
}

function parseImage(cursor: CdrCursor, source: string): ImageFrame {
  const header = cursor.header();
  const heightPx = cursor.uint32('height');
  const widthPx = cursor.uint32('width');
  const encoding = cursor.string('encoding');
  const isBigEndian = cursor.uint8('is_bigendian') !== 0;
  const strideBytes = cursor.uint32('step');
  const shape = { encoding, widthPx, heightPx, strideBytes, isBigEndian };
  return frameByEncoding({ kind: 'raw', ...header, source, ...shape, data: cursor.byteSequence('data') });
}

/**
 * A serialised sensor_msgs/msg/CompressedImage, likewise. The picture's bytes are checked by its decoder.
 *
 * @throws EffvitError BAD_IMAGE: not plain CDR, or cut off.
 */
export function parseCompressedImageCdr(bytes: Uint8Array, source: string): CompressedImageFrame {
  return parseCompressedImage(new CdrCursor(bytes, `The CompressedImage message on ${source}`), source);
}

/** As {@link parseCompressedImageCdr}, from a sensor_msgs/CompressedImage in ROS 1's serialisation. */
export function parseRos1CompressedImage(bytes: Uint8Array, source: string): CompressedImageFrame {
  const what = `The ROS 1 CompressedImage message on ${source}`;
  return parseCompressedImage(new CdrCursor(bytes, what, 'BAD_IMAGE', 'ros1'), source);
}

function parseCompressedImage(cursor: CdrCursor, source: string): CompressedImageFrame {
  const header = cursor.header();
  const format = cursor.string('format');
  return { kind: 'compressed', ...header, source, format, data: cursor.byteSequence('data') };
}
