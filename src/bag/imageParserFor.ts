import { parseCompressedImageCdr } from '../image/cdr/parseCompressedImageCdr.js';
import { parseHbmImageCdr } from '../image/cdr/parseHbmImageCdr.js';
import { parseImageCdr } from '../image/cdr/parseImageCdr.js';
import { frameByEncoding } from '../image/frameByEncoding.js';
import { HBM_DATA_BYTES } from '../image/hbmImageFrame.js';
import type { ImageFrame, RawImageFrame } from '../image/ImageFrame.js';
import { VIDEO_PARSERS, type VideoParser } from '../video/messages/parseVideoCdr.js';
import type { BagTopic } from './BagFile.js';
import { parseFoxgloveCompressedImageCdr, parseFoxgloveRawImageCdr } from './images/parseFoxgloveCdr.js';
import {
  parseFoxgloveCompressedImageProtobuf,
  parseFoxgloveCompressedVideoProtobuf,
  parseFoxgloveRawImageProtobuf,
} from './images/parseFoxgloveProtobuf.js';
import { parseJsonCompressedImage, parseJsonImage } from './images/parseJsonImage.js';
import { parseRos1CompressedImage, parseRos1Image } from './images/parseRos1Image.js';

type ImageParser = (bytes: Uint8Array, source: string) => ImageFrame;

/** The data are pixels, or a compressed picture instead of pixels. */
const raw =
  (parse: (bytes: Uint8Array, source: string) => RawImageFrame): ImageParser =>
  (bytes, source) =>
    frameByEncoding(parse(bytes, source));

/** A type's name without ROS 2's `msg/`, which the first releases of rosbag2 left out, as ROS 1 does. */
export const plainType = (type: string): string => type.replace('/msg/', '/');

/** By message encoding (MCAP's well-known ones), then by the type's plain name. */
const PARSERS: Readonly<Record<string, ReadonlyMap<string, ImageParser>>> = {
  cdr: new Map<string, ImageParser>([
    ['sensor_msgs/Image', parseImageCdr],
    ['sensor_msgs/CompressedImage', parseCompressedImageCdr],
    ['foxglove_msgs/RawImage', raw(parseFoxgloveRawImageCdr)],
    ['foxglove_msgs/CompressedImage', parseFoxgloveCompressedImageCdr],
    ...Object.keys(HBM_DATA_BYTES).map((type): [string, ImageParser] => [plainType(type), parseHbmImageCdr]),
  ]),
  ros1: new Map<string, ImageParser>([
    ['sensor_msgs/Image', raw(parseRos1Image)],
    ['sensor_msgs/CompressedImage', parseRos1CompressedImage],
  ]),
  protobuf: new Map<string, ImageParser>([
    ['foxglove.RawImage', raw(parseFoxgloveRawImageProtobuf)],
    ['foxglove.CompressedImage', parseFoxgloveCompressedImageProtobuf],
  ]),
  json: new Map<string, ImageParser>([
    ['sensor_msgs/Image', raw(parseJsonImage)],
    ['sensor_msgs/CompressedImage', parseJsonCompressedImage],
    ['foxglove.RawImage', raw(parseJsonImage)],
    ['foxglove.CompressedImage', parseJsonCompressedImage],
    ['foxglove_msgs/RawImage', raw(parseJsonImage)],
    ['foxglove_msgs/CompressedImage', parseJsonCompressedImage],
  ]),
};

/** The parser from a topic's messages to frames; undefined if they are not images, or in an unsupported encoding. */
export function imageParserFor({
  type,
  encoding,
}: Pick<BagTopic, 'type' | 'encoding'>): ImageParser | undefined {
  return PARSERS[encoding]?.get(plainType(type));
}

const VIDEO: Readonly<Record<string, ReadonlyMap<string, VideoParser>>> = {
  cdr: new Map([...VIDEO_PARSERS].map(([type, parse]) => [plainType(type), parse])),
  protobuf: new Map([['foxglove.CompressedVideo', parseFoxgloveCompressedVideoProtobuf]]),
};

/** The parser from a topic's messages to video packets; undefined if they are not a supported video. */
export function videoParserFor({
  type,
  encoding,
}: Pick<BagTopic, 'type' | 'encoding'>): VideoParser | undefined {
  return VIDEO[encoding]?.get(plainType(type));
}

/** Whether a topic's messages are supported images or video. */
export function hasImages(topic: Pick<BagTopic, 'type' | 'encoding'>): boolean {
  return imageParserFor(topic) !== undefined || videoParserFor(topic) !== undefined;
}

/** How to convert a topic's unsupported images ({@link hasImages}); undefined if it seems to have none. */
export function conversionHint({ type, encoding }: Pick<BagTopic, 'type' | 'encoding'>): string | undefined {
  if (!/Image|Video/i.test(type) || type.endsWith('CameraInfo')) return undefined;
  return encoding === 'cdr' || encoding === ''
    ? undefined
    : `${encoding} messages: convert them to ROS 2's cdr, e.g. with rosbags-convert of the Python package rosbags`;
}
