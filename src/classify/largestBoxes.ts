import type { RegionBox } from '../image/PictureRegion.js';

/** Indices of the largest boxes, in the order of the boxes: the ones that are classified if there are too many. */
export function largestBoxes(boxes: readonly RegionBox[], most: number): number[] {
  const places = boxes.map((_, place) => place);
  if (boxes.length <= most) return places;
  const area = (place: number): number => {
    const { widthPx = 0, heightPx = 0 } = boxes[place] ?? {};
    const pixels = Math.max(widthPx, 0) * Math.max(heightPx, 0);
    // An invalid box must not displace a valid one.
    return Number.isFinite(pixels) ? pixels : -1;
  };
  return places
    .toSorted((a, b) => area(b) - area(a))
    .slice(0, most)
    .sort((a, b) => a - b);
}
