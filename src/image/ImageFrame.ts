import type { Stamp } from '../core/Stamp.js';

/** Supported formats of sensor_msgs/CompressedImage and of picture files. */
export const COMPRESSED_FORMATS = ['jpeg', 'png', 'webp', 'avif'] as const;

export type CompressedFormat = (typeof COMPRESSED_FORMATS)[number];

/** BT.601 quantisation range of Y, U and V: full is 0..255, limited is 16..235 (Y) and 16..240 (U, V). */
export type YuvRange = 'full' | 'limited';

/** Source and time of a frame; passed on unchanged to its result. */
export interface FrameHeader {
  readonly stamp: Stamp;
  /** The camera's optical frame, as in std_msgs/Header. */
  readonly frameId: string;
  /** The camera: a topic name, or a file's path. Fairness and order are kept per source. */
  readonly source: string;
}

/** A view of uncompressed pixels in the layout of sensor_msgs/Image; `data` is neither copied nor modified. */
export interface RawImageFrame extends FrameHeader {
  readonly kind: 'raw';
  /** As received; planning the frame rejects names unknown to encodingNames.ts with BAD_IMAGE. */
  readonly encoding: string;
  readonly widthPx: number;
  readonly heightPx: number;
  /** `step` as received: bytes from one row to the next; rowStride.ts handles drivers that set it differently. */
  readonly strideBytes: number;
  /** Byte order of 16-bit channels; ignored for 8-bit encodings. */
  readonly isBigEndian: boolean;
  readonly data: Uint8Array;
}

/** A picture file is rotated upright; a topic's images are used as the camera sends them. */
export type CompressedOrigin = 'topic' | 'file';

/** A view of a compressed picture, as sensor_msgs/CompressedImage or a file holds it. */
export interface CompressedImageFrame extends FrameHeader {
  readonly kind: 'compressed';
  /** As received, e.g. `jpeg` or `bgr8; jpeg compressed bgr8`; the codec is decided by the bytes' own signature. */
  readonly format: string;
  /** Absent: a topic. */
  readonly origin?: CompressedOrigin;
  readonly data: Uint8Array;
}

/** The pipeline's input, from topics, bags, pictures and benches. */
export type ImageFrame = RawImageFrame | CompressedImageFrame;

/** Encodings that camera nodes (hobot_usb_cam, gscam) use for a compressed picture in a message for raw pixels. */
const COMPRESSED_ENCODINGS: ReadonlySet<string> = new Set(['jpeg', 'jpg', 'mjpeg', 'png', 'webp']);

/** The frame by its encoding: raw pixels, or a compressed picture instead of pixels. */
export function frameByEncoding(frame: RawImageFrame): ImageFrame {
  const { encoding, stamp, frameId, source, data } = frame;
  return COMPRESSED_ENCODINGS.has(encoding.toLowerCase())
    ? { kind: 'compressed', stamp, frameId, source, format: encoding, data }
    : frame;
}
