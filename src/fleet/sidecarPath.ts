import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isFile } from '../core/readInput.js';

/** Optional files next to a bag: the true classes of its frames, or their expected results. */
export type SidecarName = 'truth.json' | 'expected.json';

/** `truth.json` in a bag's folder, `drive.truth.json` next to `drive.mcap`. Undefined if there is none. */
export async function sidecarPath(bagPath: string, name: SidecarName): Promise<string | undefined> {
  const isFolder = (await stat(bagPath).catch(() => undefined))?.isDirectory() === true;
  const path = isFolder ? join(bagPath, name) : `${bagPath.replace(/\.(mcap|db3)(\.zstd?)?$/i, '')}.${name}`;
  return (await isFile(path)) ? path : undefined;
}
