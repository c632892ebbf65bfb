import type { ResampleFilter } from './AxisTaps.js';
import type { PictureRegion } from './PictureRegion.js';
import type { PreprocessOptions } from './PreprocessOptions.js';

/** One axis of a resize, in pixels. */
export interface ResizedAxis {
  /** Size of the whole picture after scaling. */
  readonly scaledPx: number;
  /** First column or row of the scaled picture that is kept (crop). */
  readonly cropPx: number;
  /** Length of the kept part, and the padding of the network's input before it; the rest is padding too. */
  readonly innerPx: number;
  readonly marginPx: number;
}

/** Which part of the picture is used, and its place in the network's input. */
export interface ResizeGeometry {
  readonly x: ResizedAxis;
  readonly y: ResizedAxis;
  readonly filter: ResampleFilter;
}

/** Python's `round`: halves are rounded to even, as in torchvision's CenterCrop. */
function halfRoundedToEven(doubled: number): number {
  const floor = Math.floor(doubled / 2);
  return doubled % 2 === 0 || floor % 2 === 0 ? floor : floor + 1;
}

function axis(scaledPx: number, outPx: number): ResizedAxis {
  const innerPx = Math.min(scaledPx, outPx);
  const cropPx = halfRoundedToEven(scaledPx - innerPx);
  return { scaledPx, cropPx, innerPx, marginPx: Math.floor((outPx - innerPx) / 2) };
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
  const shrinksMuch = widthPx > 2 * scaledWidthPx || heightPx > 2 * scaledHeightPx;
  return {
    x: axis(scaledWidthPx, outWidthPx),
    y: axis(scaledHeightPx, outHeightPx),
    filter: options.filter === 'auto' ? (shrinksMuch ? 'area' : 'antialias') : options.filter,
  };
}

/** The part of `region` that the network gets: all of it, unless the borders are cropped. */
export function classifiedRegion(region: PictureRegion, options: PreprocessOptions): PictureRegion {
  const { widthPx, heightPx } = region;
  const { x, y } = resizeGeometry(widthPx, heightPx, options);
  const scaleX = widthPx / x.scaledPx;
  const scaleY = heightPx / y.scaledPx;
  return {
    leftPx: region.leftPx + Math.round(x.cropPx * scaleX),
    topPx: region.topPx + Math.round(y.cropPx * scaleY),
    widthPx: Math.round(x.innerPx * scaleX),
    heightPx: Math.round(y.innerPx * scaleY),
  };
}
