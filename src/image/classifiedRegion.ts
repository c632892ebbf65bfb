import type { PreprocessOptions } from './PreprocessOptions.js';
import { resizeGeometry } from './ResizeGeometry.js';

/** A part of a picture, in its own pixels. */
export interface PictureRegion {
  readonly leftPx: number;
  readonly topPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** The part of a picture that the network sees: all of it, but where its borders are cut off. */
export function classifiedRegion(
  widthPx: number,
  heightPx: number,
  options: PreprocessOptions,
): PictureRegion {
  const { scaledWidthPx, scaledHeightPx, cropLeftPx, cropTopPx, innerWidthPx, innerHeightPx } =
    resizeGeometry(widthPx, heightPx, options);
  const scaleX = widthPx / scaledWidthPx;
  const scaleY = heightPx / scaledHeightPx;
  return {
    leftPx: Math.round(cropLeftPx * scaleX),
    topPx: Math.round(cropTopPx * scaleY),
    widthPx: Math.round(innerWidthPx * scaleX),
    heightPx: Math.round(innerHeightPx * scaleY),
  };
}
