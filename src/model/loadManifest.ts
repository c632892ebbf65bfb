import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { decodeUtf8 } from './decodeUtf8.js';
import type { ModelManifest } from './ModelManifest.js';
import { MAX_MANIFEST_BYTES, parseManifest } from './parseManifest.js';

/** The one file that makes a folder a model. */
export const MANIFEST_NAME = 'manifest.yaml';

/**
 * Reads `<folder>/manifest.yaml`.
 *
 * @throws EffvitError NOT_FOUND (no such file), BAD_MANIFEST (all its problems in one sentence), IO_FAILED.
 */
export async function loadManifest(
  folder: string,
  origin: ModelManifest['origin'] = 'folder',
): Promise<ModelManifest> {
  const folderPath = resolve(folder);
  const path = join(folderPath, MANIFEST_NAME);
  const info = await stat(path).catch(() => undefined);
  if (info === undefined || !info.isFile()) {
    throw new EffvitError(
      'NOT_FOUND',
      `There is no ${MANIFEST_NAME} in ${folderPath}: write one, or name a folder that has one.`,
    );
  }
  if (info.size > MAX_MANIFEST_BYTES) {
    throw new EffvitError(
      'BAD_MANIFEST',
      `The manifest ${path} has ${info.size} bytes, more than the ${MAX_MANIFEST_BYTES} a manifest may have: is it another file?`,
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw asEffvitError(error, 'IO_FAILED', `Cannot read ${path}`);
  }
  return parseManifest(decodeUtf8(bytes, path, 'BAD_MANIFEST'), { path, folderPath, origin });
}
