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

/** A detector's box in the picture's pixels, as received: not rounded, not clipped and not validated. */
export type RegionBox = PictureRegion;

/**
 * Why a box gives no region: one of its numbers is not finite (`invalid`), it has no area or rounds to none (`empty`),
 * or it lies outside the picture or its roi (`outside`).
 */
export const BOX_PROBLEMS = ['invalid', 'empty', 'outside'] as const;

export type BoxProblem = (typeof BOX_PROBLEMS)[number];

/** The box with its edges rounded to whole pixels and clipped to `bounds`; or why nothing is left of it. */
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

/** The box, enlarged on each side by `fraction` of its width or height. */
export function withMargin({ leftPx, topPx, widthPx, heightPx }: RegionBox, fraction: number): RegionBox {
  return {
    leftPx: leftPx - fraction * widthPx,
    topPx: topPx - fraction * heightPx,
    widthPx: widthPx * (1 + 2 * fraction),
    heightPx: heightPx * (1 + 2 * fraction),
  };
}
