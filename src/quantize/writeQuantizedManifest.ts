import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { stringify } from 'yaml';
import { asEffvitError } from '../core/EffvitError.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { loadLabels } from '../model/labels.js';
import { MANIFEST_NAME } from '../model/loadManifest.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { inheritedManifestYaml } from '../model/manifestYaml.js';

/** First line of files written here; only such a file may be replaced. */
const MARK = '# Written by effvit quantize';

/**
 * Writes a manifest.yaml beside a quantised model, with the labels and the preprocessing of the float one, so
 * that `--model FOLDER` and `--model FILE.onnx` classify as the float model does.
 *
 * @param float a model with a manifest; for a bare file nothing is written
 * @returns the manifest's path; undefined if none was written, because the folder has one that effvit did not write, or
 *   the float model is a bare file
 * @throws EffvitError IO_FAILED; NOT_FOUND, BAD_MANIFEST for the labels
 */
export async function writeQuantizedManifest(
  float: ModelManifest,
  onnxPath: string,
): Promise<string | undefined> {
  const { classCount } = float.output;
  const folder = dirname(onnxPath);
  const path = join(folder, MANIFEST_NAME);
  if (float.origin === 'file' || classCount === undefined || !(await mayWrite(path))) return undefined;
  const stem = basename(onnxPath, extname(onnxPath));
  let labels: string = float.labels.kind;
  if (labels !== 'imagenet1k') {
    labels = `${stem}.labels.txt`;
    const lines = await loadLabels(float, classCount);
    // Without a manifest that says it is ours, a file of that name is somebody's list.
    if (!existsSync(path) && existsSync(join(folder, labels))) return undefined;
    await writeFileAtomic(join(folder, labels), `${lines.join('\n')}\n`);
  }
  const content = {
    name: `${float.name}_int8`.slice(0, 64),
    title: `${float.title}, quantised`.slice(0, 200),
    ...inheritedManifestYaml(float, classCount, labels),
    files: { onnx: { file: basename(onnxPath) } },
  };
  const comment = `${MARK} for the model beside it: labels and preprocessing are those of ${float.name}.\n`;
  await writeFileAtomic(path, comment + stringify(content));
  return path;
}

async function mayWrite(path: string): Promise<boolean> {
  try {
    return (await readFile(path, 'utf8')).startsWith(MARK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true;
    throw asEffvitError(error, 'IO_FAILED', `Cannot read ${path}`, { file: path });
  }
}
