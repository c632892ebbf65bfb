import type { CompressedImageFrame, RawImageFrame } from '../../image/ImageFrame.js';
import { Ros1Cursor } from './Ros1Cursor.js';

/** A sensor_msgs/Image in ROS 1's serialisation. @throws EffvitError BAD_IMAGE: cut off */
export function parseRos1Image(bytes: Uint8Array, source: string): RawImageFrame {
  const cursor = new Ros1Cursor(bytes, `The ROS 1 Image message on ${source}`);
  const header = readHeader(cursor);
  const heightPx = cursor.uint32('height');
  const widthPx = cursor.uint32('width');
  const encoding = cursor.string('encoding');
  const isBigEndian = cursor.uint8('is_bigendian') !== 0;
  const strideBytes = cursor.uint32('step');
  const data = cursor.byteSequence('data');
  return { kind: 'raw', ...header, source, encoding, widthPx, heightPx, strideBytes, isBigEndian, data };
}

/** A sensor_msgs/CompressedImage in ROS 1's serialisation. @throws EffvitError BAD_IMAGE: cut off */
export function parseRos1CompressedImage(bytes: Uint8Array, source: string): CompressedImageFrame {
  const cursor = new Ros1Cursor(bytes, `The ROS 1 CompressedImage message on ${source}`);
  const header = readHeader(cursor);
  const format = cursor.string('format');
  const data = cursor.byteSequence('data');
  return { kind: 'compressed', ...header, source, format, data };
}

function readHeader(cursor: Ros1Cursor) {
  cursor.uint32('header.seq');
  const stamp = cursor.time('header.stamp');
  return { stamp, frameId: cursor.string('header.frame_id') };
}
