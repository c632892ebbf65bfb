import type { PictureRegion } from './PictureRegion.js';

/**
 * Model of the resizer of the BPU (bayes-e, the RDK X5). Its limits are those of the vendor's documentation; its
 * results equal those of the vendor's instruction simulator byte for byte.
 */

/** An NV12 picture: rows of luma, then half as many rows of U and V interleaved, all `strideBytes` apart. */
export interface Nv12Shape {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly strideBytes: number;
}

export interface PictureSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

export const CHIP_STRIDE_BYTES = 16;
const LARGEST_SIDE_PX = 4096;
const SMALLEST_REGION_PX = 2;
/** Steps are counted in 1/65536 pixel and have 18 bits: almost four pixels. */
const STEP_SHIFT = 16;
export const LARGEST_STEP = 262_143;

/** The shortest rows that the chip takes for a picture of this width. */
export function chipStride(widthPx: number): number {
  return Math.ceil(widthPx / CHIP_STRIDE_BYTES) * CHIP_STRIDE_BYTES;
}

/** Step from one pixel of the result to the next, in 1/65536 pixel of the picture; the end pixels of both coincide. */
export function chipStep(sourcePx: number, resultPx: number): number {
  return Math.floor(((sourcePx - 1) * 2 ** STEP_SHIFT + Math.floor((resultPx - 1) / 2)) / (resultPx - 1));
}

/**
 * Why the chip cannot scale the region to that size; undefined if it can.
 *
 * @returns what is wrong, to follow the words "the region" or the like.
 */
export function chipProblem(
  picture: Nv12Shape,
  region: PictureRegion,
  result: PictureSize,
): string | undefined {
  const { leftPx, topPx, widthPx, heightPx } = region;
  const size = `${widthPx}x${heightPx}`;
  if (picture.strideBytes % CHIP_STRIDE_BYTES !== 0 || picture.strideBytes < picture.widthPx) {
    return `has rows of ${picture.strideBytes} bytes where the chip takes multiples of ${CHIP_STRIDE_BYTES} from ${picture.widthPx} on`;
  }
  if (picture.widthPx > LARGEST_SIDE_PX || picture.heightPx > LARGEST_SIDE_PX) {
    return `is of a picture of ${picture.widthPx}x${picture.heightPx} where the chip takes up to ${LARGEST_SIDE_PX} a side`;
  }
  const numbers = [leftPx, topPx, widthPx, heightPx, picture.widthPx, picture.heightPx];
  if (numbers.some((value) => !Number.isInteger(value) || value % 2 !== 0)) {
    return `of ${size} at ${leftPx},${topPx} in ${picture.widthPx}x${picture.heightPx} is not all even, and chroma comes for two pixels at a time`;
  }
  if (widthPx < SMALLEST_REGION_PX || heightPx < SMALLEST_REGION_PX) {
    return `of ${size} is smaller than ${SMALLEST_REGION_PX}x${SMALLEST_REGION_PX}`;
  }
  if (leftPx < 0 || topPx < 0 || leftPx + widthPx > picture.widthPx || topPx + heightPx > picture.heightPx) {
    return `of ${size} at ${leftPx},${topPx} leaves the picture of ${picture.widthPx}x${picture.heightPx}`;
  }
  const isTooLarge =
    chipStep(widthPx, result.widthPx) > LARGEST_STEP || chipStep(heightPx, result.heightPx) > LARGEST_STEP;
  if (!isTooLarge) return undefined;
  const [mostX, mostY] = [largestSource(result.widthPx), largestSource(result.heightPx)];
  return `of ${size} is too large: the chip makes ${result.widthPx}x${result.heightPx} of ${mostX}x${mostY} at most, less than four to one`;
}

/** The longest even side that the chip can shrink to `resultPx` pixels. */
function largestSource(resultPx: number): number {
  const longest =
    Math.floor(((LARGEST_STEP + 1) * (resultPx - 1) - Math.floor((resultPx - 1) / 2) - 1) / 2 ** STEP_SHIFT) +
    1;
  return longest - (longest % 2);
}

/**
 * The chip's result for a region: consecutive planes of luma, U and V, each of the result's size. Chroma is repeated to
 * the size of luma, then all three are interpolated between two pixels per axis with 8-bit weights. Nothing is
 * averaged, however much the picture shrinks.
 *
 * @param nv12 the picture, chroma after `heightPx` rows of luma.
 */
export function resizeAsChip(
  nv12: Uint8Array,
  { strideBytes, heightPx: pictureRows }: Nv12Shape,
  region: PictureRegion,
  { widthPx, heightPx }: PictureSize,
): Uint8Array {
  const result = new Uint8Array(3 * widthPx * heightPx);
  const columns = axis(region.leftPx, region.widthPx, widthPx);
  const rows = axis(region.topPx, region.heightPx, heightPx);
  let into = 0;
  const interpolate = (at: (row: number, column: number) => number): void => {
    for (const [top, bottom, weightY] of rows) {
      for (const [left, right, weightX] of columns) {
        const value = (row: number): number =>
          (nv12[at(row, left)] ?? 0) * (256 - weightX) + (nv12[at(row, right)] ?? 0) * weightX;
        result[into++] = (value(top) * (256 - weightY) + value(bottom) * weightY + 32768) >> 16;
      }
    }
  };
  interpolate((row, column) => row * strideBytes + column);
  for (const index of [0, 1]) {
    interpolate((row, column) => (pictureRows + (row >> 1)) * strideBytes + (column & ~1) + index);
  }
  return result;
}

/**
 * The same as NV12, for consumers that need it: every second pixel and row of the chroma. Without scaling it is the
 * picture itself.
 */
export function nv12AsChip(
  nv12: Uint8Array,
  shape: Nv12Shape,
  region: PictureRegion,
  result: PictureSize,
): Uint8Array {
  const { widthPx, heightPx } = result;
  const planes = resizeAsChip(nv12, shape, region, result);
  const pixels = widthPx * heightPx;
  const made = new Uint8Array((pixels * 3) / 2);
  made.set(planes.subarray(0, pixels));
  let into = pixels;
  for (let row = 0; row < heightPx; row += 2) {
    for (let at = pixels + row * widthPx; at < pixels + (row + 1) * widthPx; at += 2) {
      made[into++] = planes[at] ?? 0;
      made[into++] = planes[at + pixels] ?? 0;
    }
  }
  return made;
}

/** For each pixel of the result: the two neighbouring pixels of the picture, and the weight of the second in 1/256. */
function axis(first: number, sourcePx: number, resultPx: number): (readonly [number, number, number])[] {
  const step = chipStep(sourcePx, resultPx);
  return Array.from({ length: resultPx }, (_, index) => {
    const position = index * step;
    const whole = Math.floor(position / 2 ** STEP_SHIFT);
    const weight = Math.floor(position / 256) % 256;
    return [first + whole, first + Math.min(whole + 1, sourcePx - 1), weight] as const;
  });
}
