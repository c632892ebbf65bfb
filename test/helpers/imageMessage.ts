import type { RawImageFrame } from '../../src/image/ImageFrame.js';

/** What of the message is not as {@link imageMessage} has it. */
export interface ImageMessageFields {
  readonly sec?: number;
  readonly frameId?: string;
  readonly encoding?: string;
  readonly widthPx?: number;
  readonly heightPx?: number;
  readonly strideBytes?: number;
  readonly data?: Uint8Array;
}

/** sensor_msgs/Image of one colour for a test peer to publish, 64x48 rgb8 where nothing else is said. */
export function imageMessage(nanosec: number, channel: number, fields: ImageMessageFields = {}): object {
  const { encoding = 'rgb8', widthPx = 64, heightPx = 48, strideBytes = widthPx * 3 } = fields;
  const data =
    fields.data ??
    Uint8Array.from({ length: strideBytes * heightPx }, (_, i) => (i % 3 === channel ? 200 : 40));
  return {
    header: { stamp: { sec: fields.sec ?? 7, nanosec }, frame_id: fields.frameId ?? 'test_optical' },
    encoding,
    width: widthPx,
    height: heightPx,
    step: strideBytes,
    data: base64(data),
  };
}

/** A frame as a test peer publishes it. */
export function messageOfFrame(frame: RawImageFrame, nanosec: number): object {
  return {
    header: { stamp: { sec: 7, nanosec }, frame_id: frame.frameId },
    encoding: frame.encoding,
    width: frame.widthPx,
    height: frame.heightPx,
    step: frame.strideBytes,
    is_bigendian: frame.isBigEndian ? 1 : 0,
    data: base64(frame.data),
  };
}

/** A bytes field, as test/helpers/rosPeer.py takes it. */
export function base64(bytes: Uint8Array): object {
  return { base64: Buffer.from(bytes).toString('base64') };
}
