import type { ImageFrame, RawImageFrame } from './ImageFrame.js';

/** Encodings that camera nodes (hobot_usb_cam, gscam) use for a compressed picture in a message for raw pixels. */
const COMPRESSED_ENCODINGS: ReadonlySet<string> = new Set(['jpeg', 'jpg', 'mjpeg', 'png', 'webp']);

/** The frame by its encoding: raw pixels, or a compressed picture instead of pixels. */
export function frameByEncoding(frame: RawImageFrame): ImageFrame {
  const { encoding, stamp, frameId, source, data } = frame;
  return COMPRESSED_ENCODINGS.has(encoding.toLowerCase())
    ? { kind: 'compressed', stamp, frameId, source, format: encoding, data }
    : frame;
}
