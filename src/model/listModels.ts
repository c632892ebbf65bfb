import { asEffvitError } from '../core/EffvitError.js';
import { FileHashes } from './FileHashes.js';
import type { ModelManifest } from './ModelManifest.js';
import { type ModelFileStatus, modelFiles } from './modelFiles.js';
import { modelCacheFolder } from './modelFolders.js';
import { knownModelNames, resolveModel } from './resolveModel.js';
import { readTrustRecord } from './TrustRecord.js';

/** One file in the list. */
export interface ListedFile extends ModelFileStatus {
  /** Of the file on disk, where present. */
  readonly sha256?: string;
  /** Expected: from the manifest, else from the first download. */
  readonly expectedSha256?: string;
}

/** One model in the list; `problem` replaces the content of a manifest that cannot be read. */
export type ListedModel =
  | { readonly name: string; readonly manifest: ModelManifest; readonly files: readonly ListedFile[] }
  | { readonly name: string; readonly problem: string };

/**
 * Every model that has a name, sorted, with path, size and SHA-256 of its files (hashed again if a file has changed, so
 * that a damaged one is noticed).
 */
export async function listModels(
  env: NodeJS.ProcessEnv = process.env,
  signal?: AbortSignal,
): Promise<readonly ListedModel[]> {
  const models: ListedModel[] = [];
  const hashes = await FileHashes.open(env);
  for (const name of await knownModelNames(env)) {
    try {
      const manifest = await resolveModel(name, env);
      models.push({ name, manifest, files: await listFiles(manifest, hashes, env, signal) });
    } catch (error) {
      const failure = asEffvitError(error);
      if (failure.code === 'CANCELLED') throw failure;
      models.push({ name, problem: failure.message });
    }
  }
  await hashes.save();
  return models;
}

async function listFiles(
  manifest: ModelManifest,
  hashes: FileHashes,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<readonly ListedFile[]> {
  const trusted = await readTrustRecord(modelCacheFolder(manifest, env));
  const files: ListedFile[] = [];
  for (const file of await modelFiles(manifest, env)) {
    const record = file.source?.url === undefined ? undefined : trusted[file.source.file];
    const recorded = record?.url === file.source?.url ? record?.sha256 : undefined;
    const expectedSha256 = file.source?.sha256 ?? (file.location === 'cache' ? recorded : undefined);
    files.push({
      ...file,
      ...(expectedSha256 !== undefined && { expectedSha256 }),
      ...(file.isPresent && { sha256: await hashes.sha256(file.path, signal) }),
    });
  }
  return files;
}
