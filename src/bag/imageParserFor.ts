import { parseCompressedImageCdr } from '../image/cdr/parseCompressedImageCdr.js';
import { parseHbmImageCdr } from '../image/cdr/parseHbmImageCdr.js';
import { parseImageCdr } from '../image/cdr/parseImageCdr.js';
import { HBM_DATA_BYTES } from '../image/hbmImageFrame.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import type { BagTopic } from './BagFile.js';

type ImageParser = (bytes: Uint8Array, source: string) => ImageFrame;

const PARSERS: ReadonlyMap<string, ImageParser> = new Map<string, ImageParser>([
  ['sensor_msgs/msg/Image', parseImageCdr],
  ['sensor_msgs/msg/CompressedImage', parseCompressedImageCdr],
  // As the first releases of rosbag2 wrote them.
  ['sensor_msgs/Image', parseImageCdr],
  ['sensor_msgs/CompressedImage', parseCompressedImageCdr],
  ...Object.keys(HBM_DATA_BYTES).map((type): [string, ImageParser] => [type, parseHbmImageCdr]),
]);

/** What makes frames of a topic's messages; undefined where they are no images, or not in CDR. */
export function imageParserFor(topic: BagTopic): ImageParser | undefined {
  return topic.encoding === 'cdr' ? PARSERS.get(topic.type) : undefined;
}
