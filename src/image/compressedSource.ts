import { readableEncoding } from './encodingNames.js';
import { encodingTraits } from './encodingTraits.js';
import type { RawEncoding } from './ImageFrame.js';

/**
 * Properties of the picture before compression, from the `format` of a CompressedImage. compressed_image_transport
 * writes `ORIGINAL; CODEC compressed [CONVERTED]`, such as `rgb8; jpeg compressed bgr8` or `bayer_rggb8; png compressed `.
 * Others write the codec alone; then the properties are unknown.
 */
export interface CompressedSource {
  /** The camera's encoding, as written. */
  readonly original: string;
  /** Encoding that it was converted to before compression; empty if it was not. */
  readonly converted: string;
}

export function compressedSource(format: string): CompressedSource | undefined {
  const found = /^\s*([\w-]+)\s*;\s*(.*)$/s.exec(format);
  if (found === null) return undefined;
  const [, original = '', rest = ''] = found;
  const [, converted = ''] = /\bcompressed\s+(\w+)\s*$/.exec(rest) ?? [];
  return { original, converted };
}

/** The 8-bit Bayer encoding of a one-channel picture that holds a mosaic; undefined for an ordinary picture. */
export function mosaicOf({ original, converted }: CompressedSource): RawEncoding | undefined {
  const encoding = readableEncoding(original);
  if (encoding === undefined || !isBayer(encoding)) return undefined;
  // A mosaic that was converted to mono8 was demosaiced.
  const end = readableEncoding(converted);
  if (end !== undefined && !isBayer(end)) return undefined;
  return readableEncoding(encoding.replace(/16$/, '8'));
}

/** Whether the camera sends colours. */
export function isColourSource({ original }: CompressedSource): boolean {
  const encoding = readableEncoding(original);
  return encoding !== undefined && encodingTraits(encoding).family !== 'mono';
}

function isBayer(encoding: RawEncoding): boolean {
  return encodingTraits(encoding).family === 'bayer';
}
