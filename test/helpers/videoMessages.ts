import { CdrWriter } from '@foxglove/cdr';
import type { Stamp } from '../../src/core/Stamp.js';

export interface VideoMessage {
  readonly stamp: Stamp;
  readonly frameId: string;
  readonly encoding: string;
  readonly data: Uint8Array;
}

type Write = (writer: CdrWriter, message: VideoMessage) => void;

const time = (writer: CdrWriter, { sec, nanosec }: Stamp): CdrWriter => writer.int32(sec).uint32(nanosec);
const fixed = (writer: CdrWriter, text: string, length: number): void => {
  const bytes = new Uint8Array(length);
  bytes.set(Buffer.from(text, 'latin1'));
  writer.uint8Array(bytes);
};

/** By type, each as its .msg file has the fields. */
export const VIDEO_WRITERS: Readonly<Record<string, Write>> = {
  'foxglove_msgs/msg/CompressedVideo': (writer, { stamp, frameId, encoding, data }) => {
    time(writer, stamp).string(frameId).sequenceLength(data.length).uint8Array(data).string(encoding);
  },
  'ffmpeg_image_transport_msgs/msg/FFMPEGPacket': (writer, { stamp, frameId, encoding, data }) => {
    time(writer, stamp).string(frameId).int32(64).int32(48).string(encoding).uint64(5n).uint8(1).uint8(0);
    writer.sequenceLength(data.length).uint8Array(data);
  },
  'img_msgs/msg/H26XFrame': (writer, { stamp, frameId, encoding, data }) => {
    writer.uint32(Number(frameId));
    fixed(writer, encoding, 12);
    time(time(writer.uint32(48).uint32(64), { sec: 1, nanosec: 2 }), stamp);
    writer.sequenceLength(data.length).uint8Array(data);
  },
  'hbm_img_msgs/msg/HbmH26XFrame': (writer, { stamp, frameId, encoding, data }) => {
    time(time(writer.uint32(Number(frameId)), { sec: 1, nanosec: 2 }), stamp);
    fixed(writer, encoding, 12);
    const array = new Uint8Array(512_000);
    array.set(data);
    writer.uint32(48).uint32(64).uint8Array(array).uint32(data.length);
  },
};

/** A serialised message with one picture's packet. */
export function videoCdr(type: string, message: VideoMessage): Uint8Array {
  const writer = new CdrWriter();
  VIDEO_WRITERS[type]?.(writer, message);
  return writer.data;
}
