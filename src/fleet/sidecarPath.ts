import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Optional files next to a bag: the true classes of its frames, or their expected results. */
export type SidecarName = 'truth.json' | 'expected.json';

/** `truth.json` in a bag's folder, `drive.truth.json` next to `drive.mcap`. Undefined if there is none. */
export async function sidecarPath(bagPath: string, name: SidecarName): Promise<string | undefined> {
  const isFolder = await stat(bagPath).then(
    (info) => info.isDirectory(),
    () => false,
  );
  const path = isFolder ? join(bagPath, name) : `${bagPath.replace(/\.(mcap|db3)(\.zstd?)?$/i, '')}.${name}`;
  const isThere = await stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
  return isThere ? path : undefined;
}
