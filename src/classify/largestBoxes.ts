import type { RegionBox } from '../image/PictureRegion.js';

/** Places of the boxes that are classified where there are too many: the largest, in the order of the boxes. */
export function largestBoxes(boxes: readonly RegionBox[], most: number): number[] {
  const places = boxes.map((_, place) => place);
  if (boxes.length <= most) return places;
  const area = (place: number): number => {
    const { widthPx = 0, heightPx = 0 } = boxes[place] ?? {};
    const pixels = Math.max(widthPx, 0) * Math.max(heightPx, 0);
    // What is no box takes no place from one that is.
    return Number.isFinite(pixels) ? pixels : -1;
  };
  return places
    .toSorted((a, b) => area(b) - area(a))
    .slice(0, most)
    .sort((a, b) => a - b);
}
