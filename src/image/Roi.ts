import { type PictureRegion, wholeRegion } from './PictureRegion.js';

/** The part of every picture that is classified, as the user specified it. */
export interface Roi {
  /** Fraction of the picture's size if {@link isFraction}, else pixels. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly isFraction: boolean;
}

/** The format of an roi, for messages. */
export const ROI_FORMAT =
  'x,y,width,height in pixels (at least 1 wide and high), or in fractions (all at most 1) of a part that lies in the picture, or nothing';

/** The largest side of a picture, and thus the largest edge of an roi. */
const MOST_PX = 65535;
/** Tolerance for rounding errors of fractions that add up to 1. */
const FRACTION_SLACK = 1e-9;

/**
 * Parses `x,y,width,height` of a command line or a parameter, separated by commas or blanks. If no number is greater
 * than 1, they are fractions of the picture.
 *
 * @returns undefined for an empty text: the whole picture; `'malformed'` for any other text.
 */
export function parseRoi(text: string): Roi | undefined | 'malformed' {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const parts = trimmed.replace(/^\[(.*)\]$/, '$1').trim();
  const numbers = parts.split(/\s*,\s*|\s+/).map((part) => (part === '' ? Number.NaN : Number(part)));
  const [left = Number.NaN, top = Number.NaN, width = Number.NaN, height = Number.NaN] = numbers;
  if (numbers.length !== 4 || !numbers.every((number) => number >= 0 && number <= MOST_PX)) {
    return 'malformed';
  }
  if (width === 0 || height === 0) return 'malformed';
  const isFraction = numbers.every((number) => number <= 1);
  const isWithin = left + width <= 1 + FRACTION_SLACK && top + height <= 1 + FRACTION_SLACK;
  if (isFraction ? !isWithin : width < 1 || height < 1) return 'malformed';
  return { left, top, width, height, isFraction };
}

/**
 * The region of an roi in a picture: its edges rounded to whole pixels, clipped to the picture. Without an roi, all of it.
 *
 * @returns undefined if the roi is outside the picture. `isCut`: a part of the roi is outside the picture.
 */
export function roiRegion(
  roi: Roi | undefined,
  widthPx: number,
  heightPx: number,
): { readonly region: PictureRegion; readonly isCut: boolean } | undefined {
  if (roi === undefined) return { region: wholeRegion(widthPx, heightPx), isCut: false };
  const [unitX, unitY] = roi.isFraction ? [widthPx, heightPx] : [1, 1];
  const left = Math.round(roi.left * unitX);
  const top = Math.round(roi.top * unitY);
  const right = Math.round((roi.left + roi.width) * unitX);
  const bottom = Math.round((roi.top + roi.height) * unitY);
  const cutRight = Math.min(right, widthPx);
  const cutBottom = Math.min(bottom, heightPx);
  if (cutRight <= left || cutBottom <= top) return undefined;
  return {
    region: { leftPx: left, topPx: top, widthPx: cutRight - left, heightPx: cutBottom - top },
    isCut: cutRight < right || cutBottom < bottom,
  };
}

/** As it is written. */
export function formatRoi({ left, top, width, height }: Roi): string {
  return [left, top, width, height].join(',');
}
