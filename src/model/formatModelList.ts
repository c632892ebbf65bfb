import { basename } from 'node:path';
import type { ListedFile, ListedModel } from './listModels.js';
import type { ModelManifest } from './ModelManifest.js';
import { describeKind } from './modelFiles.js';
import { modelFolders } from './modelFolders.js';

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
    for (const [index, row] of rows.entries()) {
      table.push([index === 0 ? model.name : '', index === 0 ? model.manifest.licence : '', ...row]);
    }
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
