import type { PictureRegion } from '../image/PictureRegion.js';
import type { PictureOutline } from './annotatePicture.js';

/** The outline of a region of a picture of this size. */
export function pictureOutline(
  region: PictureRegion,
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
  text?: string,
): PictureOutline {
  return {
    left: region.leftPx / widthPx,
    top: region.topPx / heightPx,
    width: region.widthPx / widthPx,
    height: region.heightPx / heightPx,
    ...(text !== undefined && { text }),
  };
}
