import { EffvitError } from '../core/EffvitError.js';
import { compressedFormat, compressedName } from './compressedFormat.js';
import { compressedSource, isColourSource, mosaicOf } from './compressedSource.js';
import type { CompressedImageFrame, RawImageFrame } from './ImageFrame.js';
import { isGreyPicture } from './isGreyPicture.js';
import { loadSharp } from './loadSharp.js';
import type { PictureNote } from './pictureNotes.js';

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

/**
 * Decodes a picture to rgb8, whatever its own form: grey, palette, alpha (dropped), 16 bit (the high byte), CMYK. A
 * single channel that is a Bayer mosaic by its format is returned as that mosaic. Colour profiles are not applied, as
 * in training pipelines. The header is kept. Files are rotated upright, images of topics are not.
 *
 * @throws EffvitError BAD_IMAGE: in none of COMPRESSED_FORMATS, depth, truncated, damaged, or more than {@link
 *   MAX_DECODED_PIXELS}; UNSUPPORTED if sharp does not load.
 */
export async function decodePicture(frame: CompressedImageFrame): Promise<DecodedPicture> {
  const format = compressedFormat(frame);
  const sharp = loadSharp();
  // The decoder runs on another thread, so it must not read memory that a later frame overwrites.
  const isShared = frame.data.buffer instanceof SharedArrayBuffer;
  const bytes = isShared ? Uint8Array.from(frame.data) : frame.data;
  const source = compressedSource(frame.format);
  const isGrey = source !== undefined && isGreyPicture(format, bytes);
  const mosaic = isGrey ? mosaicOf(source) : undefined;
  const decode = async (failOn: 'error' | 'warning') => {
    const picture = sharp(bytes, { failOn, limitInputPixels: MAX_DECODED_PIXELS, ignoreIcc: true });
    if (frame.origin === 'file') picture.autoOrient();
    return await picture
      .removeAlpha()
      .toColourspace(mosaic === undefined ? 'srgb' : 'b-w')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
  };
  const notes: PictureNote[] = [];
  try {
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
    if (isGrey && mosaic === undefined && isColourSource(source)) notes.push('grey');
    const { stamp, frameId } = frame;
    return {
      frame: {
        kind: 'raw',
        stamp,
        frameId,
        source: frame.source,
        encoding: info.channels === 1 ? (mosaic ?? 'mono8') : 'rgb8',
        widthPx: info.width,
        heightPx: info.height,
        strideBytes: info.width * info.channels,
        isBigEndian: false,
        data,
      },
      notes,
    };
  } catch (error) {
    throw new EffvitError(
      'BAD_IMAGE',
      `${compressedName(frame)} (${format}, ${bytes.length} bytes) cannot be decoded (${decoderReason(error)}); send a complete, undamaged picture of at most ${MAX_DECODED_PIXELS / 1e6} megapixels.`,
      { cause: error },
    );
  }
}
