import { EffvitError } from '../core/EffvitError.js';
import {
  compressedFormat,
  compressedName,
  compressedSource,
  isColourSource,
  isGreyPicture,
  mosaicOf,
} from './compressedFormat.js';
import type { CompressedImageFrame, RawImageFrame } from './ImageFrame.js';
import { loadSharp } from './loadSharp.js';
import type { PictureNote } from './pictureNotes.js';
import { type DecodedPixels, TurboJpeg } from './TurboJpeg.js';

export interface DecodedPicture {
  readonly frame: RawImageFrame;
  /** `stray_bytes` once for each source. */
  readonly notes: readonly PictureNote[];
}

/** Limit against decompression bombs; the largest cameras have some 60 megapixels. */
export const MAX_DECODED_PIXELS = 100_000_000;

/** Cameras whose stray bytes were reported: one note is enough, and decoding every frame twice would be slow. */
const straySources = new Set<string>();
const MOST_STRAY_SOURCES = 64;

/** The decoder's error message, without repetition and library names. */
function decoderReason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [line = text] = text.split('\n');
  const reason = line
    .replace(/^Input buffer has corrupt header: /, '')
    .replace(/^(VipsJpeg|vipspng|pngload\w*): /, '');
  return reason === '' ? 'unknown reason' : reason.trim();
}

/** Undefined once it was found that it does not load. */
let turbo: TurboJpeg | 'untried' | undefined = 'untried';

function turboJpeg(): TurboJpeg | undefined {
  if (turbo === 'untried') {
    try {
      turbo = new TurboJpeg();
    } catch {
      turbo = undefined;
    }
  }
  return turbo;
}

/** Memory for a picture's pixels, of at least that length. */
export type PixelMemory = (lengthBytes: number) => Uint8Array;

/** Most JPEGs, in a third of sharp's time and to the same bytes; undefined for what sharp has to judge. */
function decodeByTurbo(
  frame: CompressedImageFrame,
  keepsGrey: boolean,
  memory: PixelMemory,
): DecodedPixels | undefined {
  // A camera whose stray bytes are known would be decoded twice; a file may have to be turned.
  if (straySources.has(frame.source) || (frame.origin === 'file' && hasExif(frame.data))) return undefined;
  const mostBytes = MAX_DECODED_PIXELS * (keepsGrey ? 1 : 3);
  return turboJpeg()?.decode(frame.data, keepsGrey, (bytes) =>
    bytes <= mostBytes ? memory(bytes) : undefined,
  );
}

function hasExif({ buffer, byteOffset, length }: Uint8Array): boolean {
  return Buffer.from(buffer, byteOffset, length).includes('Exif\0');
}

async function decodeBySharp(
  frame: CompressedImageFrame,
  keepsGrey: boolean,
  notes: PictureNote[],
): Promise<DecodedPixels> {
  const sharp = loadSharp();
  // The decoder runs on another thread, so it must not read memory that a later frame overwrites.
  const isShared = frame.data.buffer instanceof SharedArrayBuffer;
  const bytes = isShared ? Uint8Array.from(frame.data) : frame.data;
  const decode = async (failOn: 'error' | 'warning') => {
    const picture = sharp(bytes, { failOn, limitInputPixels: MAX_DECODED_PIXELS, ignoreIcc: true });
    if (frame.origin === 'file') picture.autoOrient();
    return await picture
      .removeAlpha()
      .toColourspace(keepsGrey ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
  };
  // A picture with mere libjpeg warnings is decoded in the second try; a truncated or damaged one fails again.
  const { data, info } = straySources.has(frame.source)
    ? await decode('error')
    : await decode('warning').catch(async () => {
        const decoded = await decode('error');
        notes.push('stray_bytes');
        if (straySources.size >= MOST_STRAY_SOURCES) straySources.clear();
        straySources.add(frame.source);
        return decoded;
      });
  return { widthPx: info.width, heightPx: info.height, channels: info.channels === 1 ? 1 : 3, data };
}

/**
 * Decodes a picture to rgb8, whatever its own form: grey, palette, alpha (dropped), 16 bit (the high byte), CMYK. A
 * single channel that is a Bayer mosaic by its format is returned as that mosaic. Colour profiles are not applied, as
 * in training pipelines. The header is kept. Files are rotated upright, images of topics are not.
 *
 * @param memory for the pixels, where the decoder lets one choose; by default every picture gets its own.
 * @throws EffvitError BAD_IMAGE: in none of COMPRESSED_FORMATS, depth, truncated, damaged, or more than {@link
 *   MAX_DECODED_PIXELS}; UNSUPPORTED if sharp does not load.
 */
export async function decodePicture(
  frame: CompressedImageFrame,
  memory: PixelMemory = (lengthBytes) => new Uint8Array(lengthBytes),
): Promise<DecodedPicture> {
  const format = compressedFormat(frame);
  const origin = compressedSource(frame.format);
  const isGrey = origin !== undefined && isGreyPicture(format, frame.data);
  const mosaic = isGrey ? mosaicOf(origin) : undefined;
  /** A mosaic's one channel is kept. */
  const keepsGrey = mosaic !== undefined;
  const notes: PictureNote[] = [];
  try {
    const decoded =
      (format === 'jpeg' ? decodeByTurbo(frame, keepsGrey, memory) : undefined) ??
      (await decodeBySharp(frame, keepsGrey, notes));
    if (isGrey && mosaic === undefined && isColourSource(origin)) notes.push('grey');
    const { widthPx, heightPx, channels, data } = decoded;
    const { stamp, frameId, source } = frame;
    const encoding = channels === 1 ? (mosaic ?? 'mono8') : 'rgb8';
    const header = { kind: 'raw', stamp, frameId, source } as const;
    const strideBytes = widthPx * channels;
    return {
      frame: { ...header, encoding, widthPx, heightPx, strideBytes, isBigEndian: false, data },
      notes,
    };
  } catch (error) {
    if (error instanceof EffvitError) throw error;
    throw new EffvitError(
      'BAD_IMAGE',
      `${compressedName(frame)} (${format}, ${frame.data.length} bytes) cannot be decoded (${decoderReason(error)}); send a complete, undamaged picture of at most ${MAX_DECODED_PIXELS / 1e6} megapixels.`,
      { cause: error },
    );
  }
}
