import { stat } from 'node:fs/promises';
import {
  isPictureName,
  leftOutSentence,
  type PictureFiles,
  picturesInFolder,
  picturesInList,
} from '../classify/pictureFiles.js';
import { EffvitError } from '../core/EffvitError.js';
import { firstBytesOf } from '../core/readInput.js';

const START_BYTES = 512;

/** The pictures that the arguments name, in their order, and the files left out of folders and lists. */
export interface PictureArguments {
  readonly paths: readonly string[];
  readonly notices: readonly string[];
}

/**
 * Expands pictures, folders of pictures and lists of pictures (text files with one path per line).
 *
 * @throws EffvitError NOT_FOUND for a folder or a list without pictures; IO_FAILED
 */
export async function pictureArguments(given: readonly string[]): Promise<PictureArguments> {
  const paths: string[] = [];
  const notices: string[] = [];
  for (const argument of given) {
    const found = await filesOf(argument);
    if (found === undefined) {
      paths.push(argument);
      continue;
    }
    const leftOut = leftOutSentence(found.leftOut, argument);
    if (found.paths.length === 0) {
      throw new EffvitError(
        'NOT_FOUND',
        `${argument} has no picture: expected .jpg, .jpeg, .png, .webp or .avif files${found.leftOut.size === 0 ? '' : ` but found ${[...found.leftOut].map(([kind, files]) => `${files} ${kind}`).join(', ')}`}.`,
      );
    }
    if (leftOut !== undefined) notices.push(leftOut);
    for (const path of found.paths) paths.push(path);
  }
  return { paths, notices };
}

/** Undefined for a picture. A missing or unreadable file is treated as a picture, which then reports the error. */
async function filesOf(path: string): Promise<PictureFiles | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isDirectory() === true) return await picturesInFolder(path);
  if (info?.isFile() !== true || isPictureName(path) || !(await isText(path))) return undefined;
  return await picturesInList(path);
}

/** Whether a file starts like text; no picture format does. */
async function isText(path: string): Promise<boolean> {
  const start = (await firstBytesOf(path, START_BYTES)) ?? Buffer.alloc(0);
  // Bytes above ASCII belong to UTF-8; text has no control characters other than tabs and line ends.
  return start.length > 0 && start.every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13);
}
