import { stat } from 'node:fs/promises';
import { picturesAt } from '../../classify/pictureFiles.js';
import { isBagPath } from '../isBagPath.js';

/**
 * The files that a command reads for its options that name recordings, folders or lists of pictures, for
 * {@link checkOutputs}. A list that is a pipe can be read only once, so it is left to its reader.
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
