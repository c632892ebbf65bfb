import { EffvitError } from '../core/EffvitError.js';
import { compressedSource, isDepthSource } from './compressedSource.js';
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
  const end = Math.min(
    data.length,
    new DataView(data.buffer, data.byteOffset).getUint32(0),
    MOST_BRANDS_BYTES,
  );
  for (let at = 8; at + 4 <= end; at += 4) {
    if (hasText(data, at, 'avif') || hasText(data, at, 'avis')) return true;
  }
  return false;
}

const MOST_BRANDS_BYTES = 256;

/** Unsupported formats that are sent by mistake, so that the error can name them. */
const STRANGERS: readonly { readonly name: string; readonly at: number; readonly text: string }[] = [
  { name: 'GIF', at: 0, text: 'GIF8' },
  { name: 'BMP', at: 0, text: 'BM' },
  { name: 'TIFF', at: 0, text: 'II*\0' },
  { name: 'TIFF', at: 0, text: 'MM\0*' },
  { name: 'HEIF', at: 4, text: 'ftyp' },
  { name: 'PDF', at: 0, text: '%PDF' },
  { name: 'HTML or SVG', at: 0, text: '<' },
  { name: 'MCAP', at: 0, text: '\x89MCAP' },
  { name: 'SQLite', at: 0, text: 'SQLite' },
  { name: 'ZIP', at: 0, text: 'PK' },
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

function strangerName(data: Uint8Array): string | undefined {
  const found = STRANGERS.find(({ at, text }) => hasText(data, at, text));
  return found && `${found.name} data`;
}

/** Name of a compressed picture's origin in messages. */
export function compressedName(frame: CompressedImageFrame): string {
  return `The compressed image from ${frame.source || 'an unnamed source'}`;
}

/** Whether the picture is depth: in compressedDepth's own format, or a plain picture whose format says so. */
function isDepth({ data, format }: CompressedImageFrame): boolean {
  if (startsWith(data, PNG_SIGNATURE, DEPTH_HEADER_BYTES) || /\bcompressedDepth\b/.test(format)) return true;
  const source = compressedSource(format);
  return source !== undefined && isDepthSource(source);
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
  const what = strangerName(data) ?? 'no picture that is known';
  throw new EffvitError(
    'BAD_IMAGE',
    `${compressedName(frame)} (format '${frame.format}', ${data.length} bytes) is ${what}; send ${KNOWN}.`,
  );
}
