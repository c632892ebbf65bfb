import { stat } from 'node:fs/promises';
import { picturesInFolder, picturesInList } from '../classify/pictureFiles.js';
import { EffvitError } from '../core/EffvitError.js';

/**
 * Paths of the pictures in a folder (and the folders in it), or in a list: a text file with a path a line,
 * relative to the list's folder, with or without a class index behind it; `#` begins a comment.
 *
 * @param maxCount at most so many, spread evenly over the sorted folder or the list, always the same ones
 * @throws EffvitError NOT_FOUND, IO_FAILED
 */
export async function listCalibrationPictures(path: string, maxCount: number): Promise<string[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new EffvitError('NOT_FOUND', `There is no folder or list ${path}: check the path.`, {
      context: { file: path },
      cause,
    });
  });
  const { paths } = info.isDirectory() ? await picturesInFolder(path) : await picturesInList(path);
  if (paths.length === 0) {
    const what = info.isDirectory()
      ? 'holds no .jpg, .jpeg, .png, .webp or .avif file'
      : 'lists no .jpg, .jpeg, .png, .webp or .avif file';
    throw new EffvitError('NOT_FOUND', `${path} ${what}: name pictures of what the model will see.`, {
      context: { file: path },
    });
  }
  return spread(paths, maxCount);
}

/** `count` of the items, the first included, at even distances. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from(
    { length: count },
    (_, index) => items[Math.floor((index * items.length) / count)],
  ).filter((item): item is T => item !== undefined);
}
