import type { ImageFrame, RawImageFrame } from './ImageFrame.js';

/** What camera nodes (hobot_usb_cam, gscam) call a compressed picture that they put into a message for raw pixels. */
const COMPRESSED_ENCODINGS: ReadonlySet<string> = new Set(['jpeg', 'jpg', 'mjpeg', 'png', 'webp']);

/** The frame as it is to be read: of pixels, or of a compressed picture in the place of pixels. */
export function frameByEncoding(frame: RawImageFrame): ImageFrame {
  const { encoding, stamp, frameId, source, data } = frame;
  return COMPRESSED_ENCODINGS.has(encoding.toLowerCase())
    ? { kind: 'compressed', stamp, frameId, source, format: encoding, data }
    : frame;
}
