import { EffvitError } from '../core/EffvitError.js';
import { compressedFormat, compressedName } from './compressedFormat.js';
import type { CompressedImageFrame, CompressedOrigin, RawImageFrame } from './ImageFrame.js';

interface Decoding {
  /** Turn the picture as its EXIF orientation says. */
  readonly autoOrient: boolean;
  /**
   * The mildest complaint of the decoder that refuses the picture. USB cameras send jpegs with stray bytes that decode
   * well; in a file the same warning is damage. Truncated data is refused either way.
   */
  readonly failOn: 'error' | 'warning';
}

const DECODING: Readonly<Record<CompressedOrigin, Decoding>> = {
  // The sensor's own orientation, as raw topics have it.
  topic: { autoOrient: false, failOn: 'error' },
  file: { autoOrient: true, failOn: 'warning' },
};

/** A bomb of a few kilobytes must not take gigabytes; the largest cameras have some 60 megapixels. */
export const MAX_DECODED_PIXELS = 100_000_000;

type Sharp = typeof import('sharp').default;

let loading: Promise<Sharp> | undefined;

/** libvips is loaded by the first compressed picture: raw cameras never need it. */
function loadSharp(): Promise<Sharp> {
  loading ??= import('sharp').then(
    ({ default: sharp }) => {
      // One thread a picture: the pool's workers are the parallelism. No picture comes twice.
      sharp.concurrency(1);
      sharp.cache(false);
      return sharp;
    },
    (error: unknown) => {
      loading = undefined;
      throw new EffvitError(
        'UNSUPPORTED',
        `Compressed images need the package sharp, which does not load on ${process.platform}-${process.arch}: reinstall effvit there.`,
        { cause: error },
      );
    },
  );
  return loading;
}

/** The decoder's own words, without repetition and library names. */
function decoderReason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [line = text] = text.split('\n');
  const reason = line
    .replace(/^Input buffer has corrupt header: /, '')
    .replace(/^(VipsJpeg|vipspng|pngload\w*): /, '');
  return reason === '' ? 'unknown reason' : reason.trim();
}

/**
 * Decodes a jpeg or png to rgb8, whatever its own form: grey, palette, alpha (dropped), 16 bit (the high byte), CMYK.
 * Colour profiles are not applied, as training pipelines do not apply them. The header travels with the pixels.
 * Pictures from files are turned upright and refused when damaged; topics are read as they come.
 *
 * @throws EffvitError BAD_IMAGE: no jpeg or png, truncated, damaged, or more than {@link MAX_DECODED_PIXELS};
 *   UNSUPPORTED where sharp does not load.
 */
export async function decodeCompressed(frame: CompressedImageFrame): Promise<RawImageFrame> {
  const format = compressedFormat(frame);
  const { autoOrient, failOn } = DECODING[frame.origin ?? 'topic'];
  const sharp = await loadSharp();
  // The decoder runs beside this thread: it must not look at memory that a later frame overwrites.
  const isShared = frame.data.buffer instanceof SharedArrayBuffer;
  const bytes = isShared ? Uint8Array.from(frame.data) : frame.data;
  try {
    const picture = sharp(bytes, {
      failOn,
      limitInputPixels: MAX_DECODED_PIXELS,
      ignoreIcc: true,
    });
    if (autoOrient) picture.autoOrient();
    const { data, info } = await picture
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { stamp, frameId, source } = frame;
    return {
      kind: 'raw',
      stamp,
      frameId,
      source,
      encoding: info.channels === 1 ? 'mono8' : 'rgb8',
      widthPx: info.width,
      heightPx: info.height,
      strideBytes: info.width * info.channels,
      isBigEndian: false,
      data,
    };
  } catch (error) {
    throw new EffvitError(
      'BAD_IMAGE',
      `${compressedName(frame)} (${format}, ${bytes.length} bytes) cannot be decoded (${decoderReason(error)}); send a complete, undamaged picture of at most ${MAX_DECODED_PIXELS / 1e6} megapixels.`,
      { cause: error },
    );
  }
}
