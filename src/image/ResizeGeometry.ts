import type { ResampleFilter } from './AxisTaps.js';
import type { PictureRegion } from './PictureRegion.js';
import type { PreprocessOptions } from './PreprocessOptions.js';

/** Which part of the picture is used, and its place in the network's input. All in pixels. */
export interface ResizeGeometry {
  /** Size of the whole picture after scaling. */
  readonly scaledWidthPx: number;
  readonly scaledHeightPx: number;
  /** First column and row of the scaled picture that are kept (crop). */
  readonly cropLeftPx: number;
  readonly cropTopPx: number;
  /** Rectangle of the network's input that the kept part fills; the rest is padding. */
  readonly innerLeftPx: number;
  readonly innerTopPx: number;
  readonly innerWidthPx: number;
  readonly innerHeightPx: number;
  readonly filter: ResampleFilter;
}

/** Python's `round`: halves are rounded to even, as in torchvision's CenterCrop. */
function halfRoundedToEven(doubled: number): number {
  const floor = Math.floor(doubled / 2);
  return doubled % 2 === 0 || floor % 2 === 0 ? floor : floor + 1;
}

/**
 * The geometry of one frame size. Crop follows torchvision (short side to `resizeShortSidePx`, long side truncated,
 * centre rounded half to even); letterbox follows the RDK model zoo (scaled size truncated, padding split with left =
 * floor(padding / 2)), in exact integers, while the zoo's floating point may lose a pixel.
 */
export function resizeGeometry(
  widthPx: number,
  heightPx: number,
  options: PreprocessOptions,
): ResizeGeometry {
  const { widthPx: outWidthPx, heightPx: outHeightPx } = options;
  const isPrepared = widthPx === outWidthPx && heightPx === outHeightPx;
  let scaledWidthPx = outWidthPx;
  let scaledHeightPx = outHeightPx;
  if (options.resizeMode === 'crop' && !isPrepared) {
    const shortPx = Math.min(widthPx, heightPx);
    scaledWidthPx = Math.floor((options.resizeShortSidePx * widthPx) / shortPx);
    scaledHeightPx = Math.floor((options.resizeShortSidePx * heightPx) / shortPx);
  } else if (options.resizeMode === 'letterbox') {
    if (outWidthPx * heightPx <= outHeightPx * widthPx) {
      scaledHeightPx = Math.max(1, Math.floor((heightPx * outWidthPx) / widthPx));
    } else {
      scaledWidthPx = Math.max(1, Math.floor((widthPx * outHeightPx) / heightPx));
    }
  }
  const innerWidthPx = Math.min(scaledWidthPx, outWidthPx);
  const innerHeightPx = Math.min(scaledHeightPx, outHeightPx);
  const shrinksMuch = widthPx > 2 * scaledWidthPx || heightPx > 2 * scaledHeightPx;
  return {
    scaledWidthPx,
    scaledHeightPx,
    cropLeftPx: halfRoundedToEven(scaledWidthPx - innerWidthPx),
    cropTopPx: halfRoundedToEven(scaledHeightPx - innerHeightPx),
    innerLeftPx: Math.floor((outWidthPx - innerWidthPx) / 2),
    innerTopPx: Math.floor((outHeightPx - innerHeightPx) / 2),
    innerWidthPx,
    innerHeightPx,
    filter: options.filter === 'auto' ? (shrinksMuch ? 'area' : 'antialias') : options.filter,
  };
}

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
