import { EffvitError } from '../../core/EffvitError.js';
import { CdrCursor, decodeText } from '../../image/cdr/CdrCursor.js';
import { type VideoPacket, videoCodec } from '../VideoPacket.js';

export type VideoParser = (bytes: Uint8Array, source: string) => VideoPacket;

const ENCODING_BYTES = 12;
const HBM_H26X_DATA_BYTES = 512_000;

/** foxglove_msgs/msg/CompressedVideo: timestamp, frame_id, data, format. */
function parseCompressedVideo(bytes: Uint8Array, source: string): VideoPacket {
  const cursor = new CdrCursor(bytes, `The CompressedVideo message on ${source}`);
  const stamp = cursor.time('timestamp');
  const frameId = cursor.string('frame_id');
  const data = cursor.byteSequence('data');
  return { stamp, frameId, source, codec: videoCodec(cursor.string('format'), source), data };
}

/** ffmpeg_image_transport_msgs/msg/FFMPEGPacket: header, width, height, encoding, pts, flags, is_bigendian, data. */
function parseFfmpegPacket(bytes: Uint8Array, source: string): VideoPacket {
  const cursor = new CdrCursor(bytes, `The FFMPEGPacket message on ${source}`);
  const header = cursor.header();
  cursor.int32('width');
  cursor.int32('height');
  const codec = videoCodec(cursor.string('encoding'), source);
  cursor.uint64('pts');
  cursor.uint8('flags');
  cursor.uint8('is_bigendian');
  return { ...header, source, codec, data: cursor.byteSequence('data') };
}

/** img_msgs/msg/H26XFrame of TROS: index, encoding, height, width, dts, pts, data. */
function parseH26xFrame(bytes: Uint8Array, source: string): VideoPacket {
  const cursor = new CdrCursor(bytes, `The H26XFrame message on ${source}`);
  const frameId = String(cursor.uint32('index'));
  const encoding = cursor.bytes(ENCODING_BYTES, 'encoding');
  cursor.uint32('height');
  cursor.uint32('width');
  cursor.time('dts');
  const stamp = cursor.time('pts');
  return { stamp, frameId, source, codec: codecOf(encoding, source), data: cursor.byteSequence('data') };
}

/** hbm_img_msgs/msg/HbmH26XFrame of TROS: index, dts, pts, encoding, height, width, data (fixed), data_size. */
function parseHbmH26xFrame(bytes: Uint8Array, source: string): VideoPacket {
  const cursor = new CdrCursor(bytes, `The HbmH26XFrame message on ${source}`);
  const frameId = String(cursor.uint32('index'));
  cursor.time('dts');
  const stamp = cursor.time('pts');
  const encoding = cursor.bytes(ENCODING_BYTES, 'encoding');
  cursor.uint32('height');
  cursor.uint32('width');
  const array = cursor.bytes(HBM_H26X_DATA_BYTES, 'data');
  const sizeBytes = cursor.uint32('data_size');
  if (sizeBytes > array.length) {
    throw new EffvitError(
      'BAD_IMAGE',
      `The HbmH26XFrame message on ${source} has a data_size of ${sizeBytes} bytes where its array holds ${array.length}.`,
      { context: { source } },
    );
  }
  return { stamp, frameId, source, codec: codecOf(encoding, source), data: array.subarray(0, sizeBytes) };
}

/** The codec from a name in a field of fixed size, up to the first NUL. */
function codecOf(field: Uint8Array, source: string) {
  const end = field.indexOf(0);
  return videoCodec(decodeText(field, 0, end < 0 ? field.length : end), source);
}

/**
 * Reads a serialised message of each type as one packet; `data` is a view of the message's own bytes. They throw
 * EffvitError BAD_IMAGE: not plain CDR, cut off, or an unsupported codec. Sources: the packages' .msg files.
 */
export const VIDEO_PARSERS: ReadonlyMap<string, VideoParser> = new Map([
  ['foxglove_msgs/msg/CompressedVideo', parseCompressedVideo],
  ['ffmpeg_image_transport_msgs/msg/FFMPEGPacket', parseFfmpegPacket],
  ['img_msgs/msg/H26XFrame', parseH26xFrame],
  ['hbm_img_msgs/msg/HbmH26XFrame', parseHbmH26xFrame],
]);
