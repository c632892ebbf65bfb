import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { cacheFolder } from '../core/cacheFolder.js';
import { asEffvitError, EffvitError, fileError } from '../core/EffvitError.js';
import { decodeUtf8, isFile, readInput } from '../core/readInput.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { MARCH_OF_CHIP } from './BpuChip.js';
import { nameOfFile } from './defaultManifest.js';
import { loadManifest, MANIFEST_NAME } from './loadManifest.js';
import type { ModelManifest } from './ModelManifest.js';
import { readBpuFile } from './readBpuFile.js';

/** The keys of a workconfig of hobot_dnn's nodes that are used here. */
const workconfigSchema = z.object({
  model_file: z.string().min(1),
  cls_names_list: z.string().min(1),
  dnn_Parser: z.string(),
});

const PARSER = 'classification';
const LABELS_NAME = 'labels.txt';

export interface ImportOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Base of relative names, as in the node's own launch file; default: the working directory. */
  readonly workingFolder?: string;
  /** Replaces a model of the same name. */
  readonly force?: boolean;
}

/**
 * Writes a manifest and labels for the model of a TROS classification workconfig into the user's models; the model file
 * stays where it is.
 *
 * @throws EffvitError NOT_FOUND (a file that is named), BAD_CONFIG (no workconfig, or of something else than
 *   classification), BAD_MODEL (not for a supported chip), BAD_ARGUMENT (there is a model of the name), IO_FAILED.
 */
export async function importWorkconfig(path: string, options: ImportOptions = {}): Promise<ModelManifest> {
  const { env = process.env, workingFolder = process.cwd(), force = false } = options;
  const config = await readWorkconfig(path);
  if (config.dnn_Parser !== PARSER) {
    throw fileError(
      'BAD_CONFIG',
      path,
      `is for the parser ${config.dnn_Parser}, and effvit classifies: name a workconfig whose dnn_Parser is ${PARSER}`,
    );
  }
  const folders = [workingFolder, dirname(resolve(path)), dirname(dirname(resolve(path)))];
  const modelPath = await existing(config.model_file, folders, `${path}: model_file`);
  const labelsPath = await existing(config.cls_names_list, folders, `${path}: cls_names_list`);
  const labels = decodeUtf8(await readInput(labelsPath), labelsPath, 'BAD_CONFIG')
    .split(/\r?\n/)
    .map((line) => line.trim());
  while (labels.at(-1) === '') labels.pop();

  const { chip, march, settings } = await readBpuFile(modelPath);
  if (chip === undefined) {
    throw fileError(
      'BAD_MODEL',
      modelPath,
      `is compiled for ${march ?? 'a BPU that it does not name'}, which is not supported: take a model for ${Object.values(MARCH_OF_CHIP).join(' or ')}`,
    );
  }
  const name = nameOfFile(modelPath);
  const folder = join(resolve(cacheFolder(env)), 'models', name);
  if (!force && (await isFile(join(folder, MANIFEST_NAME)))) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `There is a model ${name} in ${folder} already: replace it with --force.`,
      { context: { file: folder } },
    );
  }
  const manifest = {
    name,
    title: `${basename(modelPath)}, imported from ${basename(path)}`,
    input: inputSize(settings['INPUT_SHAPE']),
    output: { class_count: labels.length },
    labels: LABELS_NAME,
    files: { bpu: { [chip]: { march: MARCH_OF_CHIP[chip], file: modelPath } } },
  };
  await writeFileAtomic(join(folder, LABELS_NAME), `${labels.join('\n')}\n`);
  await writeFileAtomic(join(folder, MANIFEST_NAME), stringify(manifest));
  return await loadManifest(folder, 'cache');
}

async function readWorkconfig(path: string): Promise<z.output<typeof workconfigSchema>> {
  let content: unknown;
  try {
    const bytes = await readInput(path, { missing: `There is no file ${path}.` });
    content = JSON.parse(decodeUtf8(bytes, path, 'BAD_CONFIG'));
  } catch (error) {
    throw asEffvitError(error, 'BAD_CONFIG', `${path} is no JSON`, { file: path });
  }
  const parsed = workconfigSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const missing = parsed.error.issues.map((issue) => issue.path.join('.') || 'an object').join(', ');
  throw fileError(
    'BAD_CONFIG',
    path,
    `is no workconfig of a classification: expected texts for model_file, cls_names_list and dnn_Parser (${missing})`,
  );
}

/** The file, by an absolute path or relative to one of the folders. */
async function existing(name: string, folders: readonly string[], what: string): Promise<string> {
  const candidates = isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name));
  for (const candidate of candidates) if (await isFile(candidate)) return candidate;
  throw new EffvitError('NOT_FOUND', `${what} names ${name}, but there is no ${candidates.join(' nor ')}.`);
}

/** `1x3x224x224`, or with the colours last. */
function inputSize(shape = ''): { width_px: number; height_px: number } | undefined {
  const match = /^\d+x(\d+)x(\d+)x(\d+)$/.exec(shape);
  if (match === null) return undefined;
  const [first = 0, second = 0, third = 0] = match.slice(1).map(Number);
  return third === 3 ? { width_px: second, height_px: first } : { width_px: third, height_px: second };
}
