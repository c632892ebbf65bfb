import { isDepthEncoding, readableEncoding } from './encodingNames.js';
import { encodingTraits } from './encodingTraits.js';
import type { RawEncoding } from './ImageFrame.js';

/**
 * What the `format` of a CompressedImage tells of the picture before it was compressed: compressed_image_transport
 * writes `ORIGINAL; CODEC compressed [CONVERTED]`, such as `rgb8; jpeg compressed bgr8` or `bayer_rggb8; png compressed `.
 * Others write the codec alone; then there is nothing of it.
 */
export interface CompressedSource {
  /** The camera's encoding, as written. */
  readonly original: string;
  /** What it was converted to before it was compressed; empty where it was not. */
  readonly converted: string;
}

export function compressedSource(format: string): CompressedSource | undefined {
  const found = /^\s*([\w-]+)\s*;\s*(.*)$/s.exec(format);
  if (found === null) return undefined;
  const [, original = '', rest = ''] = found;
  const [, converted = ''] = /\bcompressed\s+(\w+)\s*$/.exec(rest) ?? [];
  return { original, converted };
}

/** The mosaic that a picture of one channel is, in bytes; undefined where it is what it shows. */
export function mosaicOf({ original, converted }: CompressedSource): RawEncoding | undefined {
  const encoding = readableEncoding(original);
  if (encoding === undefined || !isBayer(encoding)) return undefined;
  // Converted to mono8 it was demosaiced.
  const end = readableEncoding(converted);
  if (end !== undefined && !isBayer(end)) return undefined;
  return readableEncoding(encoding.replace(/16$/, '8'));
}

/** Whether the camera sends colours. */
export function isColourSource({ original }: CompressedSource): boolean {
  const encoding = readableEncoding(original);
  return encoding !== undefined && encodingTraits(encoding).family !== 'mono';
}

export function isDepthSource({ original }: CompressedSource): boolean {
  return isDepthEncoding(original);
}

function isBayer(encoding: RawEncoding): boolean {
  return encodingTraits(encoding).family === 'bayer';
}
