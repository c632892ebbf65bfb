import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EffvitError } from '../core/EffvitError.js';
import { packagePath } from '../core/packageRoot.js';
import { decodeUtf8, readInput } from '../core/readInput.js';
import type { ModelManifest } from './ModelManifest.js';
import { type ManifestPlace, manifestFromYaml } from './manifestFromYaml.js';
import type { ManifestYaml } from './manifestSchema.js';

/** Larger than any manifest; prevents parsing a wrong path (e.g. a model file) as YAML for minutes. */
const MAX_MANIFEST_BYTES = 256 * 1024;

/** Written by scripts/build.mjs. */
const PARSED_MANIFESTS = 'build/manifests.json';

/** The file that makes a folder a model. */
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
      { context: { file: folderPath } },
    );
  }
  if (info.size > MAX_MANIFEST_BYTES) {
    throw new EffvitError(
      'BAD_MANIFEST',
      `The manifest ${path} has ${info.size} bytes, more than the ${MAX_MANIFEST_BYTES} a manifest may have: is it another file?`,
      { context: { file: path } },
    );
  }
  const bytes = await readInput(path);
  const place = { path, folderPath, origin };
  return manifestFromYaml(await parsed(bytes, place), place);
}

/**
 * Manifests parsed by the build, by the SHA-256 of their text: bundled models then need no YAML parser, which takes 90
 * ms.
 */
let parsedByBuild: Readonly<Record<string, ManifestYaml>> | undefined;

async function parsed(bytes: Uint8Array, place: ManifestPlace): Promise<ManifestYaml> {
  parsedByBuild ??= await readFile(packagePath(PARSED_MANIFESTS), 'utf8')
    .then((text) => JSON.parse(text) as Readonly<Record<string, ManifestYaml>>)
    .catch(() => ({}));
  const known = parsedByBuild[createHash('sha256').update(bytes).digest('hex')];
  if (known !== undefined) return known;
  const { parseManifest } = await import('./parseManifest.js');
  return parseManifest(decodeUtf8(bytes, place.path, 'BAD_MANIFEST'), place);
}
