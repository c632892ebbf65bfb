import { isAbsolute, join } from 'node:path';
import { EffvitError, fileError } from '../core/EffvitError.js';
import { packagePath } from '../core/packageRoot.js';
import { decodeUtf8, readInput } from '../core/readInput.js';
import type { ModelManifest } from './ModelManifest.js';

/** The ImageNet-1k labels that ship with the package, one a line, in the usual order (0 = tench). */
export const IMAGENET1K_LABELS_PATH: string = packagePath('models', 'labels', 'imagenet1k.txt');

/** The additional first class of TensorFlow's ImageNet models. */
const BACKGROUND = 'background';

/** The labels for a number of classes; throws EffvitError BAD_MANIFEST if that does not fit. */
export type LabelsOf = (classCount: number) => readonly string[];

/**
 * The labels of a model, one a class, in the order of its output.
 *
 * @param classCount Class count of the loaded graph; checked against the manifest's own count and the labels.
 * @throws EffvitError BAD_MANIFEST: another count than `classCount`, or a labels file with empty lines, no
 *   UTF-8, or JSON that is not a list of texts; NOT_FOUND: no such labels file.
 */
export async function loadLabels(manifest: ModelManifest, classCount: number): Promise<readonly string[]> {
  return (await prepareLabels(manifest))(classCount);
}

/**
 * The part of {@link loadLabels} that can be done, and can fail, before the model is loaded.
 *
 * @returns a function that returns the labels for the graph's class count.
 * @throws EffvitError as {@link loadLabels}; labels that differ from the manifest's own count as well.
 */
export async function prepareLabels(manifest: ModelManifest): Promise<LabelsOf> {
  const { name, output, labels: source } = manifest;
  const path = labelsPath(manifest);
  const ofFile = path === undefined ? undefined : await readLabelsFile(path);
  const labels = source.kind === 'list' ? source.labels : ofFile;
  const labelsOf: LabelsOf = (classCount) => {
    if (output.classCount !== undefined && output.classCount !== classCount) {
      throw new EffvitError(
        'BAD_MANIFEST',
        `The manifest of ${name} says ${output.classCount} classes but the model gives ${classCount}: correct output.class_count or the file.`,
      );
    }
    if (labels?.length === classCount) return unambiguous(labels);
    if (path === IMAGENET1K_LABELS_PATH && labels?.length === classCount - 1) {
      return unambiguous([BACKGROUND, ...labels]);
    }
    if (labels === undefined || source.kind === 'auto') {
      return Array.from({ length: classCount }, (_, index) => `class_${index}`);
    }
    throw new EffvitError(
      'BAD_MANIFEST',
      `${path ?? 'The metadata of its graph'} has ${labels.length} labels but ${name} gives ${classCount} classes: the file needs one line a class.`,
    );
  };
  if (output.classCount !== undefined) labelsOf(output.classCount);
  return labelsOf;
}

/** The labels, with the index appended to those that occur twice, e.g. ImageNet's `crane (134)` and `crane (517)`. */
function unambiguous(labels: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return labels.map((label, index) => (counts.get(label) === 1 ? label : `${label} (${index})`));
}

/** The file that labels may come from; undefined if there is none. */
function labelsPath({ labels, folderPath }: ModelManifest): string | undefined {
  switch (labels.kind) {
    case 'none':
    case 'list':
      return undefined;
    case 'auto':
    case 'imagenet1k':
      return IMAGENET1K_LABELS_PATH;
    case 'file':
      return isAbsolute(labels.file) ? labels.file : join(folderPath ?? '.', labels.file);
  }
}

/**
 * A labels file: text with one label a line, or JSON with a list of texts (or an object `{"0": ..}`).
 *
 * @throws EffvitError NOT_FOUND, BAD_MANIFEST (the line or entry that is wrong).
 */
export async function readLabelsFile(path: string): Promise<readonly string[]> {
  const bytes = await readInput(path, { missing: `There is no labels file ${path}: name one that exists.` });
  const text = decodeUtf8(bytes, path, 'BAD_MANIFEST');
  if (path.toLowerCase().endsWith('.json')) {
    return parseJson(text, path).map((entry, index) => checkedLabel(entry, path, `entry ${index}`));
  }
  // One line end at the end of the file is allowed; any further one is an empty label.
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  return lines.map((line, index) => checkedLabel(line, path, `line ${index + 1}`));
}

function parseJson(text: string, path: string): readonly unknown[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw fileError('BAD_MANIFEST', path, `is no JSON (${(error as Error).message}): correct it`, error);
  }
  const entries = Array.isArray(content) ? content : indexedValues(content);
  if (entries !== undefined) return entries;
  throw fileError(
    'BAD_MANIFEST',
    path,
    'must hold a JSON list of labels, or an object with the keys "0", "1", ... without gaps',
  );
}

/** The values of `{"0": a, "1": b, ...}` in order; undefined if a key is no index or one is left out. */
function indexedValues(content: unknown): unknown[] | undefined {
  if (typeof content !== 'object' || content === null) return undefined;
  const table = content as Readonly<Record<string, unknown>>;
  const count = Object.keys(table).length;
  const values = Array.from({ length: count }, (_, index) => table[String(index)]);
  return values.includes(undefined) ? undefined : values;
}

function checkedLabel(value: unknown, path: string, place: string): string {
  const label = typeof value === 'string' ? value.trim() : '';
  if (label !== '') return label;
  const received = typeof value === 'string' ? 'is empty' : `is ${JSON.stringify(value)}, no text`;
  throw new EffvitError('BAD_MANIFEST', `${path}: ${place} ${received}; every class needs a label.`, {
    context: { file: path },
  });
}
