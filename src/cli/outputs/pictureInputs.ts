import { readdir, stat } from 'node:fs/promises';
import { METADATA_NAME } from '../../bag/BagMetadata.js';
import { STORAGE_FILE } from '../../bag/openBag.js';
import { picturesAt } from '../../classify/pictureFiles.js';

/**
 * The files that a command reads for its options that name recordings, folders or lists of pictures, for
 * checkOutputs. A list that is a pipe can be read only once, so it is left to its reader.
 */
export async function pictureInputs(given: readonly (string | undefined)[]): Promise<string[]> {
  const inputs: string[] = [];
  for (const path of given) {
    if (path === undefined) continue;
    inputs.push(path);
    const info = await stat(path).catch(() => undefined);
    const isListed = info?.isFile() === true || info?.isDirectory() === true;
    // The reader of a list reports errors in it.
    if (isListed && !(await isBagPath(path))) inputs.push(...(await picturesAt(path).catch(() => [])));
  }
  return inputs;
}

/**
 * Whether a path names a recording rather than pictures: by its extension, or because it is a folder with a recording's
 * files.
 */
export async function isBagPath(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  // A ROS 1 bag counts too: the bag reader explains how to convert it.
  if (info?.isDirectory() !== true) return STORAGE_FILE.test(path) || /\.bag$/i.test(path);
  const names = await readdir(path).catch(() => []);
  return names.some((name) => name === METADATA_NAME || STORAGE_FILE.test(name));
}
