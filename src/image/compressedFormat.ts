import { EffvitError } from '../core/EffvitError.js';
import { COMPRESSED_FORMATS, type CompressedFormat, type CompressedImageFrame } from './ImageFrame.js';

const SIGNATURES: Readonly<Record<CompressedFormat, readonly number[]>> = {
  // SOI, then the first byte of any marker (ITU-T T.81, B.1.1.2).
  jpeg: [0xff, 0xd8, 0xff],
  // PNG specification, 5.2.
  png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
};

/** What people send by mistake, to name it. */
const STRANGERS: readonly { readonly name: string; readonly at: number; readonly text: string }[] = [
  { name: 'GIF', at: 0, text: 'GIF8' },
  { name: 'WebP', at: 8, text: 'WEBP' },
  { name: 'BMP', at: 0, text: 'BM' },
  { name: 'TIFF', at: 0, text: 'II*\0' },
  { name: 'TIFF', at: 0, text: 'MM\0*' },
  { name: 'HEIF or AVIF', at: 4, text: 'ftyp' },
  { name: 'PDF', at: 0, text: '%PDF' },
  { name: 'HTML or SVG', at: 0, text: '<' },
  { name: 'MCAP', at: 0, text: '\x89MCAP' },
  { name: 'SQLite', at: 0, text: 'SQLite' },
  { name: 'ZIP', at: 0, text: 'PK' },
];

/** Start of a compressedDepth message: 12 bytes of its own, then a PNG (compressed_depth_image_transport). */
const DEPTH_HEADER_BYTES = 12;

function startsWith(data: Uint8Array, signature: readonly number[], offset = 0): boolean {
  return signature.every((byte, index) => data[offset + index] === byte);
}

function strangerName(data: Uint8Array): string | undefined {
  if (startsWith(data, SIGNATURES.png, DEPTH_HEADER_BYTES)) return 'a compressedDepth message';
  const isText = (at: number, text: string) => startsWith(data, [...Buffer.from(text, 'latin1')], at);
  const found = STRANGERS.find(({ at, text }) => isText(at, text));
  return found && `${found.name} data`;
}

/** The one name that messages give to where a compressed picture comes from. */
export function compressedName(frame: CompressedImageFrame): string {
  return `The compressed image from ${frame.source || 'an unnamed source'}`;
}

/**
 * What the bytes are, by their own signature: the `format` text is free-form in practice (`jpeg`, `bgr8; jpeg
 * compressed bgr8`, `rgb8; png compressed`) and sometimes wrong.
 *
 * @throws EffvitError BAD_IMAGE when they are empty, or neither jpeg nor png.
 */
export function compressedFormat(frame: CompressedImageFrame): CompressedFormat {
  const { data } = frame;
  if (data.length === 0) {
    throw new EffvitError(
      'BAD_IMAGE',
      `${compressedName(frame)} is empty; send ${COMPRESSED_FORMATS.join(' or ')}.`,
    );
  }
  const format = COMPRESSED_FORMATS.find((name) => startsWith(data, SIGNATURES[name]));
  if (format !== undefined) return format;
  const what = strangerName(data) ?? 'no picture that is known';
  throw new EffvitError(
    'BAD_IMAGE',
    `${compressedName(frame)} (format '${frame.format}', ${data.length} bytes) is ${what}; send ${COMPRESSED_FORMATS.join(' or ')}.`,
  );
}
