import type { PictureRegion } from './PictureRegion.js';
import type { PreprocessOptions } from './PreprocessOptions.js';
import { resizeGeometry } from './ResizeGeometry.js';

/** The part of `region` that the network gets: all of it, unless the borders are cropped. */
export function classifiedRegion(region: PictureRegion, options: PreprocessOptions): PictureRegion {
  const { widthPx, heightPx } = region;
  const { scaledWidthPx, scaledHeightPx, cropLeftPx, cropTopPx, innerWidthPx, innerHeightPx } =
    resizeGeometry(widthPx, heightPx, options);
  const scaleX = widthPx / scaledWidthPx;
  const scaleY = heightPx / scaledHeightPx;
  return {
    leftPx: region.leftPx + Math.round(cropLeftPx * scaleX),
    topPx: region.topPx + Math.round(cropTopPx * scaleY),
    widthPx: Math.round(innerWidthPx * scaleX),
    heightPx: Math.round(innerHeightPx * scaleY),
  };
}
