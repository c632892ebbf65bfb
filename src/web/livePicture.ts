import { openPicture, type RgbPicture } from '../annotate/annotatePicture.js';

/** Largest size of a picture on the page. */
export const MAX_PICTURE_WIDTH_PX = 640;
export const MAX_PICTURE_HEIGHT_PX = 480;

const QUALITY = 75;

/**
 * The JPEG of a picture for the page, no larger than {@link MAX_PICTURE_WIDTH_PX} x {@link MAX_PICTURE_HEIGHT_PX};
 * decoded, scaled and encoded outside the calling thread.
 *
 * @param picture a compressed picture as received, or pixels.
 * @throws Error if it cannot be decoded.
 */
export async function livePicture(picture: Uint8Array | RgbPicture): Promise<Uint8Array> {
  return await openPicture(picture)
    .resize({
      width: MAX_PICTURE_WIDTH_PX,
      height: MAX_PICTURE_HEIGHT_PX,
      fit: 'inside',
      withoutEnlargement: true,
    })
    .flatten({ background: '#12161c' })
    .toColourspace('srgb')
    .jpeg({ quality: QUALITY })
    .toBuffer();
}
