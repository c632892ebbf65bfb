import { basename } from 'node:path';
import { asEffvitError } from '../core/EffvitError.js';
import { FileHashes } from './FileHashes.js';
import type { ModelManifest } from './ModelManifest.js';
import { describeKind, type ModelFileStatus, modelFiles } from './modelFiles.js';
import { modelCacheFolder, modelFolders } from './modelFolders.js';
import { knownModelNames, resolveModel } from './resolveModel.js';
import { readTrustRecord } from './TrustRecord.js';

/** One file in the list. */
export interface ListedFile extends ModelFileStatus {
  /** Of the file on disk, where present. */
  readonly sha256?: string | undefined;
  /** Expected: from the manifest, else from the first download. */
  readonly expectedSha256?: string | undefined;
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
    const sha256 = file.isPresent ? await hashes.sha256(file.path, signal) : undefined;
    files.push({ ...file, expectedSha256, sha256 });
  }
  return files;
}

const SHA256_SHOWN = 12;

const HEAD = ['MODEL', 'LICENCE', 'FILE', 'STATE', 'SIZE', 'SHA256', 'WHERE'] as const;

/**
 * The list as a table for people: a row a file, the model's name and licence on its first row, absent files
 * with the command that gets them; below, the folders that `package`, `cache`, ... stand for. Checksums are
 * cut to their first 12 digits.
 */
export function formatModelList(
  models: readonly ListedModel[],
  env: NodeJS.ProcessEnv = process.env,
): string {
  const table: (readonly string[])[] = [HEAD];
  const problems: string[] = [];
  for (const model of models) {
    if ('problem' in model) {
      table.push([model.name, '?', '', 'BROKEN', '', '', 'see below']);
      problems.push(model.problem);
      continue;
    }
    const rows = model.files.map((file) => fileRow(file, model.manifest));
    if (rows.length === 0) rows.push(['', 'no files listed', '', '', '']);
    const first = [model.name, model.manifest.licence];
    table.push(...rows.map((row, index) => [...(index === 0 ? first : ['', '']), ...row]));
  }
  const widths = HEAD.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell[HEAD[column] === 'SIZE' ? 'padStart' : 'padEnd'](widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const folders = modelFolders(env).map(({ origin, path }) => `${origin}: ${path}`);
  return [...lines, '', ...problems, ...folders].join('\n');
}

function fileRow(file: ListedFile, manifest: ModelManifest): string[] {
  const kind = describeKind(file.kind, file.chip).replace(/ file\b/, '');
  if (!file.isPresent) return [kind, 'absent', '', '', (file.remedy ?? '').replace(/^\w+ it with /, '')];
  const where = file.location === 'cache' ? 'cache' : manifest.origin;
  return [
    kind,
    isChanged(file) ? 'CHANGED' : 'present',
    file.lengthBytes === undefined ? '' : `${(file.lengthBytes / 1e6).toFixed(1)} MB`,
    file.sha256?.slice(0, SHA256_SHOWN) ?? '',
    `${where}: ${basename(file.path)}`,
  ];
}

/** Present, but not what the manifest or the first download says. */
function isChanged(file: ListedFile): boolean {
  return file.expectedSha256 !== undefined && file.sha256 !== file.expectedSha256;
}
