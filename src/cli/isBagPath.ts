import { readdir, stat } from 'node:fs/promises';
import { METADATA_NAME } from '../bag/BagMetadata.js';
import { STORAGE_FILE } from '../bag/openBag.js';

/**
 * Whether a path names a recording rather than pictures: by its extension, or because it is a folder with a recording's
 * files.
 */
export async function isBagPath(path: string): Promise<boolean> {
  const isFolder = await stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
  // A ROS 1 bag counts too: the bag reader explains how to convert it.
  if (!isFolder) return STORAGE_FILE.test(path) || /\.bag$/i.test(path);
  const names = await readdir(path).catch(() => []);
  return names.some((name) => name === METADATA_NAME || STORAGE_FILE.test(name));
}
