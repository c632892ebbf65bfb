import {
  parseCompressedImageCdr,
  parseImageCdr,
  parseRos1CompressedImage,
  parseRos1Image,
} from '../image/cdr/parseImageCdr.js';
import { HBM_DATA_BYTES, parseHbmImageCdr } from '../image/hbmImageFrame.js';
import { frameByEncoding, type ImageFrame, type RawImageFrame } from '../image/ImageFrame.js';
import { VIDEO_PARSERS, type VideoParser } from '../video/messages/parseVideoCdr.js';
import type { BagTopic } from './BagFile.js';
import { parseFoxgloveCompressedImageCdr, parseFoxgloveRawImageCdr } from './images/parseFoxgloveCdr.js';
import {
  parseFoxgloveCompressedImageProtobuf,
  parseFoxgloveCompressedVideoProtobuf,
  parseFoxgloveRawImageProtobuf,
} from './images/parseFoxgloveProtobuf.js';
import { parseJsonCompressedImage, parseJsonImage } from './images/parseJsonImage.js';

type ImageParser = (bytes: Uint8Array, source: string) => ImageFrame;
type TypeAndEncoding = Pick<BagTopic, 'type' | 'encoding'>;

/** The data are pixels, or a compressed picture instead of pixels. */
const raw =
  (parse: (bytes: Uint8Array, source: string) => RawImageFrame): ImageParser =>
  (bytes, source) =>
    frameByEncoding(parse(bytes, source));

/** A type's name without ROS 2's `msg/`, which the first releases of rosbag2 left out, as ROS 1 does. */
export const plainType = (type: string): string => type.replace('/msg/', '/');

const keyOf = ({ type, encoding }: TypeAndEncoding): string => `${encoding} ${plainType(type)}`;

/** By message encoding (MCAP's well-known ones) and the type's plain name. */
const IMAGE_PARSERS = new Map<string, ImageParser>([
  ['cdr sensor_msgs/Image', parseImageCdr],
  ['cdr sensor_msgs/CompressedImage', parseCompressedImageCdr],
  ['cdr foxglove_msgs/RawImage', raw(parseFoxgloveRawImageCdr)],
  ['cdr foxglove_msgs/CompressedImage', parseFoxgloveCompressedImageCdr],
  ...Object.keys(HBM_DATA_BYTES).map((type) => [keyOf({ type, encoding: 'cdr' }), parseHbmImageCdr] as const),
  ['ros1 sensor_msgs/Image', parseRos1Image],
  ['ros1 sensor_msgs/CompressedImage', parseRos1CompressedImage],
  ['protobuf foxglove.RawImage', raw(parseFoxgloveRawImageProtobuf)],
  ['protobuf foxglove.CompressedImage', parseFoxgloveCompressedImageProtobuf],
  ['json sensor_msgs/Image', raw(parseJsonImage)],
  ['json sensor_msgs/CompressedImage', parseJsonCompressedImage],
  ['json foxglove.RawImage', raw(parseJsonImage)],
  ['json foxglove.CompressedImage', parseJsonCompressedImage],
  ['json foxglove_msgs/RawImage', raw(parseJsonImage)],
  ['json foxglove_msgs/CompressedImage', parseJsonCompressedImage],
]);

const VIDEO_PARSERS_OF_BAGS = new Map<string, VideoParser>([
  ...[...VIDEO_PARSERS].map(([type, parse]) => [keyOf({ type, encoding: 'cdr' }), parse] as const),
  ['protobuf foxglove.CompressedVideo', parseFoxgloveCompressedVideoProtobuf],
]);

/** The parser from a topic's messages to frames; undefined if they are not images, or in an unsupported encoding. */
export function imageParserFor(topic: TypeAndEncoding): ImageParser | undefined {
  return IMAGE_PARSERS.get(keyOf(topic));
}

/** The parser from a topic's messages to video packets; undefined if they are not a supported video. */
export function videoParserFor(topic: TypeAndEncoding): VideoParser | undefined {
  return VIDEO_PARSERS_OF_BAGS.get(keyOf(topic));
}

/** Whether a topic's messages are supported images or video. */
export function hasImages(topic: TypeAndEncoding): boolean {
  return imageParserFor(topic) !== undefined || videoParserFor(topic) !== undefined;
}

/** How to convert a topic's unsupported images ({@link hasImages}); undefined if it seems to have none. */
export function conversionHint({ type, encoding }: TypeAndEncoding): string | undefined {
  const seemsImage = /Image|Video/i.test(type) && !type.endsWith('CameraInfo');
  if (!seemsImage || encoding === 'cdr' || encoding === '') return undefined;
  return `${encoding} messages: convert them to ROS 2's cdr, e.g. with rosbags-convert of the Python package rosbags`;
}
