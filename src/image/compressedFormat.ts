import { EffvitError } from '../core/EffvitError.js';
import { isDepthEncoding, readableEncoding } from './encodingNames.js';
import { encodingTraits, type RawEncoding } from './encodingTraits.js';
import { COMPRESSED_FORMATS, type CompressedFormat, type CompressedImageFrame } from './ImageFrame.js';

/** Checks for the signature at the start of a picture, or an equivalent. */
const SIGNATURES: Readonly<Record<CompressedFormat, (data: Uint8Array) => boolean>> = {
  // SOI, then the first byte of any marker (ITU-T T.81, B.1.1.2).
  jpeg: (data) => startsWith(data, [0xff, 0xd8, 0xff]),
  png: (data) => startsWith(data, PNG_SIGNATURE),
  // RFC 9649, 2.5.
  webp: (data) => hasText(data, 0, 'RIFF') && hasText(data, 8, 'WEBP'),
  avif: isAvif,
};

/** PNG specification, 5.2. */
const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** A file type box with one of AVIF's brands as major or compatible brand (AV1 Image File Format, 6). */
function isAvif(data: Uint8Array): boolean {
  if (!hasText(data, 4, 'ftyp')) return false;
  const boxBytes = new DataView(data.buffer, data.byteOffset).getUint32(0);
  const end = Math.min(data.length, boxBytes, MOST_BRANDS_BYTES);
  for (let at = 8; at + 4 <= end; at += 4) {
    if (hasText(data, at, 'avif') || hasText(data, at, 'avis')) return true;
  }
  return false;
}

const MOST_BRANDS_BYTES = 256;

/** Unsupported formats that are sent by mistake, so that the error can name them. */
const UNSUPPORTED: readonly (readonly [name: string, offset: number, text: string])[] = [
  ['GIF', 0, 'GIF8'],
  ['BMP', 0, 'BM'],
  ['TIFF', 0, 'II*\0'],
  ['TIFF', 0, 'MM\0*'],
  ['HEIF', 4, 'ftyp'],
  ['PDF', 0, '%PDF'],
  ['HTML or SVG', 0, '<'],
  ['MCAP', 0, '\x89MCAP'],
  ['SQLite', 0, 'SQLite'],
  ['ZIP', 0, 'PK'],
];

const KNOWN = `${COMPRESSED_FORMATS.slice(0, -1).join(', ')} or ${COMPRESSED_FORMATS.at(-1)}`;

/** Start of a compressedDepth message: a 12-byte header, then a PNG (compressed_depth_image_transport). */
const DEPTH_HEADER_BYTES = 12;

function startsWith(data: Uint8Array, signature: readonly number[], offset = 0): boolean {
  return signature.every((byte, index) => data[offset + index] === byte);
}

function hasText(data: Uint8Array, at: number, text: string): boolean {
  return startsWith(data, [...Buffer.from(text, 'latin1')], at);
}

/** Name of a compressed picture's origin in messages. */
export function compressedName(frame: CompressedImageFrame): string {
  return `The compressed image from ${frame.source || 'an unnamed source'}`;
}

/** Whether the picture is depth: in compressedDepth's own format, or a plain picture whose format says so. */
function isDepth({ data, format }: CompressedImageFrame): boolean {
  if (startsWith(data, PNG_SIGNATURE, DEPTH_HEADER_BYTES) || /\bcompressedDepth\b/.test(format)) return true;
  return isDepthEncoding(compressedSource(format)?.original ?? '');
}

/**
 * The format of the bytes, by their signature. The `format` text is free-form in practice (`jpeg`, `bgr8; jpeg
 * compressed bgr8`, `rgb8; png compressed`) and sometimes names a wrong codec. Only its camera encoding is used.
 *
 * @throws EffvitError BAD_IMAGE when they are empty, depth, or in none of {@link COMPRESSED_FORMATS}.
 */
export function compressedFormat(frame: CompressedImageFrame): CompressedFormat {
  const { data } = frame;
  if (data.length === 0) {
    throw new EffvitError('BAD_IMAGE', `${compressedName(frame)} is empty; send ${KNOWN}.`);
  }
  if (isDepth(frame)) {
    throw new EffvitError(
      'BAD_IMAGE',
      `${compressedName(frame)} is depth (format '${frame.format}'), which holds no colours: take the camera's colour topic instead.`,
    );
  }
  const format = COMPRESSED_FORMATS.find((name) => SIGNATURES[name](data));
  if (format !== undefined) return format;
  const [name] = UNSUPPORTED.find(([, offset, text]) => hasText(data, offset, text)) ?? [];
  const what = name === undefined ? 'in no known picture format' : `${name} data`;
  throw new EffvitError(
    'BAD_IMAGE',
    `${compressedName(frame)} (format '${frame.format}', ${data.length} bytes) is ${what}; send ${KNOWN}.`,
  );
}

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

/** Offset of a PNG's colour type, and its bit for colours (PNG specification, 11.2.1). */
const PNG_COLOUR_TYPE = 25;
const PNG_COLOUR_BIT = 2;

/** Whether a jpeg or png has one channel (and perhaps alpha), by its header; false if unknown. */
export function isGreyPicture(format: string, data: Uint8Array): boolean {
  if (format === 'png') return ((data[PNG_COLOUR_TYPE] ?? PNG_COLOUR_BIT) & PNG_COLOUR_BIT) === 0;
  return format === 'jpeg' && jpegChannels(data) === 1;
}

/** The number of components in a jpeg's frame header (ITU-T T.81, B.2.2). */
function jpegChannels(data: Uint8Array): number | undefined {
  for (let at = 2; at + 9 < data.length; ) {
    const marker = data[at + 1] ?? 0;
    // Fill bytes or stray bytes.
    if (data[at] !== 0xff || marker === 0xff || marker === 0) {
      at += 1;
      continue;
    }
    // SOF0 to SOF15 except DHT, JPG and DAC.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return data[at + 9];
    // The scan starts: no more headers follow.
    if (marker === 0xda) return undefined;
    at += 2 + (data[at + 2] ?? 0) * 256 + (data[at + 3] ?? 0);
  }
  return undefined;
}
