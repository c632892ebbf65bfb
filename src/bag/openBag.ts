import { stat } from 'node:fs/promises';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
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
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new EffvitError('NOT_FOUND', `There is no bag at ${path}: check the path.`, {
        context: { file: path },
        cause: error,
      });
    }
    throw asEffvitError(error, 'IO_FAILED', `Cannot open ${path}`, { file: path });
  }
  const files = isFolder ? await openBagFolder(path, warnings) : [await openBagFile(path, warnings)];
  return new BagReader(path, files, warnings);
}
