import { createHash } from 'node:crypto';
import { delimiter, join, resolve } from 'node:path';
import { cacheFolder } from '../core/cacheFolder.js';
import { packagePath } from '../core/packageRoot.js';
import type { ModelManifest } from './ModelManifest.js';

/** A folder that contains one folder for each model. */
export interface ModelFolder {
  readonly path: string;
  readonly origin: 'package' | 'model_path' | 'cache';
}

/**
 * Folders that are searched for a model by name, in this order: the package's `models/`, then the folders of
 * `$EFFVIT_MODEL_PATH` (separated by `:`), then `models/` in the user's cache.
 */
export function modelFolders(env: NodeJS.ProcessEnv = process.env): readonly ModelFolder[] {
  const own = (env['EFFVIT_MODEL_PATH'] ?? '').split(delimiter).filter((path) => path !== '');
  return [
    { path: packagePath('models'), origin: 'package' },
    ...own.map((path): ModelFolder => ({ path: resolve(path), origin: 'model_path' })),
    { path: resolve(cacheFolder(env), 'models'), origin: 'cache' },
  ];
}

/**
 * Folder of a model's downloaded and built files: `<cache>/models/<name>`. A manifest that was given as a folder has a
 * separate one, since its name need not be unique.
 */
export function modelCacheFolder(
  manifest: Pick<ModelManifest, 'name' | 'origin' | 'folderPath'>,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const parent = resolve(cacheFolder(env), 'models');
  if (manifest.origin !== 'folder' || manifest.folderPath === undefined) return join(parent, manifest.name);
  const suffix = createHash('sha256').update(manifest.folderPath).digest('hex').slice(0, 8);
  return join(parent, `${manifest.name}-${suffix}`);
}
