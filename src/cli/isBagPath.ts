import { stat } from 'node:fs/promises';
import { join } from 'node:path';

const BAG_FILE = /\.(mcap|db3)(\.zstd)?$/i;

/** Whether a path names a recording rather than pictures: by its ending, or a folder with a metadata.yaml. */
export async function isBagPath(path: string): Promise<boolean> {
  if (BAG_FILE.test(path)) return true;
  return await stat(join(path, 'metadata.yaml')).then(
    (info) => info.isFile(),
    () => false,
  );
}
