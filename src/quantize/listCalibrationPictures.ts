import { picturesAt } from '../classify/pictureFiles.js';

/**
 * Paths of the pictures in a folder (and the folders in it), or in a list: a text file with a path a line,
 * relative to the list's folder, with or without a class index behind it; `#` begins a comment.
 *
 * @param maxCount at most so many, spread evenly over the sorted folder or the list, always the same ones
 * @throws EffvitError NOT_FOUND, IO_FAILED
 */
export async function listCalibrationPictures(path: string, maxCount: number): Promise<string[]> {
  return spread(await picturesAt(path), maxCount);
}

/** `count` of the items, the first included, at even distances. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  const places = Array.from({ length: count }, (_, index) => Math.floor((index * items.length) / count));
  return places.flatMap((place) => items.slice(place, place + 1));
}
