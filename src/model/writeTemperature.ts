import { readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { isMap, parseDocument, type YAMLMap } from 'yaml';
import { EffvitError, isMissing, readError } from '../core/EffvitError.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { MANIFEST_NAME } from './loadManifest.js';
import type { ModelManifest } from './ModelManifest.js';
import { parseManifest } from './parseManifest.js';

/**
 * The manifest that a temperature is written into where nobody names another: the model's own, for a bare file the one
 * beside it.
 *
 * @throws EffvitError BAD_ARGUMENT for a model that came with this package, with a board or from a download
 */
export function ownManifestPath(manifest: ModelManifest): string {
  const { origin, folderPath, files, name } = manifest;
  const file = onnxFile(manifest) ?? Object.values(files.bpu)[0]?.file;
  if (origin === 'file' && file !== undefined && isAbsolute(file)) return join(dirname(file), MANIFEST_NAME);
  if (folderPath !== undefined && (origin === 'folder' || origin === 'model_path')) {
    return join(folderPath, MANIFEST_NAME);
  }
  throw new EffvitError(
    'BAD_ARGUMENT',
    `The manifest of ${name} came with it and is not changed: name the file that the calibrated one is written to with --output, such as ${name}_calibrated/${MANIFEST_NAME}.`,
  );
}

/**
 * Writes a model's manifest with `output.temperature`, whole or not at all; comments stay. In another folder than the
 * model's own, the files that it names get absolute paths.
 *
 * @throws EffvitError IO_FAILED, BAD_MANIFEST
 */
export async function writeTemperature(
  manifest: ModelManifest,
  temperature: number,
  path: string,
): Promise<void> {
  const target = resolve(path);
  const source = await sourceOf(manifest, target);
  const document = parseDocument(source.text);
  if (document.contents === null) {
    // A new manifest is about this one file, whatever else lies beside it.
    const onnx = onnxFile(manifest);
    const file = onnx !== undefined && dirname(onnx) === dirname(target) ? basename(onnx) : onnx;
    const content = file === undefined ? {} : { files: { onnx: { file } } };
    document.contents = document.createNode(content) as unknown as YAMLMap & null;
  }
  document.setIn(['output', 'temperature'], Number(temperature.toPrecision(6)));
  if (source.folder !== undefined && source.folder !== dirname(target)) {
    makeAbsolute(document, source.folder);
  }
  const text = document.toString({ lineWidth: 0 });
  // What is written must be readable again.
  parseManifest(text, target);
  await writeFileAtomic(target, text);
}

function onnxFile({ files: { onnx } }: ModelManifest): string | undefined {
  return onnx !== undefined && 'file' in onnx ? onnx.file : undefined;
}

/** The text of the manifest that is to be changed; empty where there is none. */
async function sourceOf(
  { folderPath }: ModelManifest,
  target: string,
): Promise<{ readonly text: string; readonly folder?: string | undefined }> {
  const path = folderPath === undefined ? target : join(folderPath, MANIFEST_NAME);
  try {
    return { text: await readFile(path, 'utf8'), folder: folderPath };
  } catch (error) {
    if (isMissing(error)) return { text: '' };
    throw readError(error, path);
  }
}

/** Files that lie in the model's folder: those that have no address. */
function makeAbsolute(document: ReturnType<typeof parseDocument>, folder: string): void {
  const visit = (node: unknown): void => {
    if (!isMap(node)) return;
    const file = node.get('file');
    if (typeof file === 'string' && !node.has('url') && !isAbsolute(file))
      node.set('file', join(folder, file));
    for (const { value } of node.items) visit(value);
  };
  visit(document.get('files'));
  const labels = document.get('labels');
  if (typeof labels === 'string' && !['auto', 'none', 'imagenet1k'].includes(labels) && !isAbsolute(labels)) {
    document.set('labels', join(folder, labels));
  }
}
