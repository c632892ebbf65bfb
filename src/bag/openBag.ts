import { stat } from 'node:fs/promises';
import { readError } from '../core/EffvitError.js';
import { BagReader } from './BagReader.js';
import { BagWarnings } from './BagWarnings.js';
import { openBagFile } from './openBagFile.js';
import { openBagFolder } from './openBagFolder.js';

/**
 * Opens a recording for reading: a rosbag2 folder, or one of its storage files (`.mcap`, `.db3`), compressed or not.
 * Only the index is read yet. Close the reader when done.
 *
 * @throws EffvitError NOT_FOUND, BAD_BAG, UNSUPPORTED, IO_FAILED
 */
export async function openBag(path: string): Promise<BagReader> {
  const warnings = new BagWarnings();
  const info = await stat(path).catch((error: unknown) => {
    throw readError(error, path, `There is no bag at ${path}: check the path.`);
  });
  const files = info.isDirectory()
    ? await openBagFolder(path, warnings)
    : [await openBagFile(path, warnings)];
  return new BagReader(path, files, warnings);
}
