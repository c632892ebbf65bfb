import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What somebody may have put beside a bag: what its frames show, or what they gave once. */
export type SidecarName = 'truth.json' | 'expected.json';

/** `truth.json` in a bag's folder, `drive.truth.json` beside `drive.mcap`. Undefined where there is none. */
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
