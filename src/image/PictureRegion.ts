/** A part of a picture, in its own whole pixels; not empty. */
export interface PictureRegion {
  readonly leftPx: number;
  readonly topPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** All of a picture. */
export function wholeRegion(widthPx: number, heightPx: number): PictureRegion {
  return { leftPx: 0, topPx: 0, widthPx, heightPx };
}

/** A detector's box: in the picture's pixels, not rounded, not cut, and whatever numbers the detector gave. */
export interface RegionBox {
  readonly leftPx: number;
  readonly topPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/**
 * Why a box is no region: a number of it is none (`invalid`), it has no area, or less than half a pixel of one
 * (`empty`), or nothing of it lies in the picture or its roi (`outside`).
 */
export const BOX_PROBLEMS = ['invalid', 'empty', 'outside'] as const;

export type BoxProblem = (typeof BOX_PROBLEMS)[number];

/** The box with its edges on the nearest whole pixels, cut to `bounds`; or why nothing is left of it. */
export function boxRegion(box: RegionBox, bounds: PictureRegion): PictureRegion | BoxProblem {
  const left = Math.round(box.leftPx);
  const top = Math.round(box.topPx);
  const right = Math.round(box.leftPx + box.widthPx);
  const bottom = Math.round(box.topPx + box.heightPx);
  if (![left, top, right, bottom].every(Number.isFinite)) return 'invalid';
  if (right <= left || bottom <= top) return 'empty';
  const leftPx = Math.max(left, bounds.leftPx);
  const topPx = Math.max(top, bounds.topPx);
  const widthPx = Math.min(right, bounds.leftPx + bounds.widthPx) - leftPx;
  const heightPx = Math.min(bottom, bounds.topPx + bounds.heightPx) - topPx;
  return widthPx < 1 || heightPx < 1 ? 'outside' : { leftPx, topPx, widthPx, heightPx };
}

/** The box with so many times its sides added on each side. */
export function withMargin({ leftPx, topPx, widthPx, heightPx }: RegionBox, fraction: number): RegionBox {
  return {
    leftPx: leftPx - fraction * widthPx,
    topPx: topPx - fraction * heightPx,
    widthPx: widthPx * (1 + 2 * fraction),
    heightPx: heightPx * (1 + 2 * fraction),
  };
}
