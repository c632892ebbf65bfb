import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { cacheFolder } from '../core/cacheFolder.js';
import { EffvitError, fileError } from '../core/EffvitError.js';
import { refuseForeignFile } from '../core/foreignContent.js';
import { nearestName } from '../core/nearestName.js';
import { isFile } from '../core/readInput.js';
import { BPU_CHIPS, type BpuChip } from './BpuChip.js';
import { bpuSources, defaultManifest, nameOfFile } from './defaultManifest.js';
import { loadManifest, MANIFEST_NAME } from './loadManifest.js';
import type { ModelManifest } from './ModelManifest.js';
import { modelFolders } from './modelFolders.js';

const MODEL_FILE_EXTENSIONS = ['.onnx', '.ort', '.bin'];

/**
 * Finds the manifest of a model by its name (see {@link modelFolders}; models of an RDK board's image are named after
 * their files), by a folder with a manifest.yaml, or by a .onnx, .ort or .bin file. A file has the manifest that lists
 * it (in its own folder, or a known model whose file has this name), else {@link defaultManifest}.
 *
 * @throws EffvitError NOT_FOUND (what is known is named), BAD_ARGUMENT (no model at all), BAD_MANIFEST; BAD_MODEL
 *   for an empty file, an HTML page or a Git LFS pointer.
 */
export async function resolveModel(
  nameOrPath: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ModelManifest> {
  const named = await resolveByName(nameOrPath, env);
  if (named !== undefined) return named;
  const path = resolve(nameOrPath);
  const info = nameOrPath === '' ? undefined : await stat(path).catch(() => undefined);
  if (info?.isDirectory()) return withOnlyFile(await loadManifest(path));
  if (info === undefined) throw await notFound(nameOrPath, env);
  if (basename(path) === MANIFEST_NAME) return withOnlyFile(await loadManifest(dirname(path)));
  const extension = extname(path).toLowerCase();
  if (MODEL_FILE_EXTENSIONS.includes(extension)) return manifestOfFile(path, env);
  const remedy =
    extension === '.safetensors'
      ? 'build an .onnx file from it first with `effvit model build`'
      : 'name a model, a folder with a manifest.yaml, or a .onnx, .ort or .bin file';
  throw fileError('BAD_ARGUMENT', nameOrPath, `is no model: ${remedy}`);
}

/** Names of every model that can be resolved by name, sorted, without reading their manifests. */
export async function knownModelNames(env: NodeJS.ProcessEnv = process.env): Promise<readonly string[]> {
  const names = new Set((await boardModels(env)).map(({ name }) => name));
  for (const { path } of modelFolders(env)) {
    for (const name of await readdir(path).catch(() => [])) {
      if (await isFile(join(path, name, MANIFEST_NAME))) names.add(name);
    }
  }
  return [...names].sort();
}

async function resolveByName(name: string, env: NodeJS.ProcessEnv): Promise<ModelManifest | undefined> {
  if (name === '' || name.startsWith('.') || /[/\\\0]/.test(name)) return undefined;
  for (const folder of modelFolders(env)) {
    const path = join(folder.path, name);
    if (!(await isFile(join(path, MANIFEST_NAME)))) continue;
    const manifest = await loadManifest(path, folder.origin);
    if (manifest.name !== name) {
      throw new EffvitError(
        'BAD_MANIFEST',
        `${join(path, MANIFEST_NAME)} says name: ${manifest.name} but its folder is called ${name}: make them the same.`,
        { context: { file: join(path, MANIFEST_NAME), model: manifest.name } },
      );
    }
    return manifest;
  }
  const ofBoard = (await boardModels(env)).find((model) => model.name === name);
  return ofBoard && boardManifest(ofBoard);
}

async function manifestOfFile(path: string, env: NodeJS.ProcessEnv): Promise<ModelManifest> {
  await refuseForeignFile(path, 'BAD_MODEL');
  const folder = dirname(path);
  if (await isFile(join(folder, MANIFEST_NAME))) {
    const manifest = await loadManifest(folder);
    if (listsFile(manifest, path) || listsNothing(manifest)) return withFile(manifest, path);
  }
  // A file in a model's cache folder, or one that carries a known model's file name (a downloaded .bin).
  const cachedOf = dirname(folder) === join(resolve(cacheFolder(env)), 'models') ? basename(folder) : '';
  for (const name of await knownModelNames(env)) {
    // A broken manifest of another model is no reason to refuse this file.
    const manifest = await resolveByName(name, env).catch(() => undefined);
    if (manifest === undefined) continue;
    if (name === cachedOf || (extname(path) === '.bin' && listsFile(manifest, path))) {
      return withFile(manifest, path);
    }
  }
  return defaultManifest(path);
}

/** A manifest that names no file is about those in its folder. */
function listsNothing({ files: { weights, onnx, onnxInt8, bpu } }: ModelManifest): boolean {
  return (weights ?? onnx ?? onnxInt8 ?? Object.values(bpu)[0]) === undefined;
}

/** The manifest with the only model file of its folder, where it names none itself. */
async function withOnlyFile(manifest: ModelManifest): Promise<ModelManifest> {
  const { folderPath } = manifest;
  if (folderPath === undefined || !listsNothing(manifest)) return manifest;
  const names = (await readdir(folderPath)).filter((name) =>
    MODEL_FILE_EXTENSIONS.includes(extname(name).toLowerCase()),
  );
  const [only, another] = names.sort();
  if (only === undefined) return manifest;
  if (another === undefined) return withFile(manifest, join(folderPath, only));
  throw new EffvitError(
    'BAD_ARGUMENT',
    `The manifest in ${folderPath} names no file, and the folder has several (${names.join(', ')}): name one of them, or write \`files: { onnx: { file: ${only} } }\` into the manifest.`,
    { context: { file: folderPath } },
  );
}

function listsFile({ files: { onnx, onnxInt8, bpu } }: ModelManifest, path: string): boolean {
  const sources = [onnx, onnxInt8, ...Object.values(bpu)];
  return sources.some((source) => source && 'file' in source && basename(source.file) === basename(path));
}

/** The manifest with this file in the place of its own; the user's choice counts, whatever else is there. */
function withFile(manifest: ModelManifest, path: string): ModelManifest {
  if (extname(path).toLowerCase() !== '.bin') {
    const { onnxInt8: _, ...files } = manifest.files;
    return { ...manifest, files: { ...files, onnx: { file: path } } };
  }
  const listed = BPU_CHIPS.filter(
    (chip) => basename(manifest.files.bpu[chip]?.file ?? '') === basename(path),
  );
  const bpu = bpuSources(path, listed.length > 0 ? listed : BPU_CHIPS);
  return { ...manifest, files: { ...manifest.files, bpu } };
}

async function notFound(nameOrPath: string, env: NodeJS.ProcessEnv): Promise<EffvitError> {
  const names = await knownModelNames(env);
  const near = nearestName(nameOrPath, names);
  const hint = near === undefined ? '' : ` (${near} is near)`;
  const known = names.join(', ') || 'none';
  const looksLikePath = nameOrPath.includes(sep) || MODEL_FILE_EXTENSIONS.includes(extname(nameOrPath));
  const what = looksLikePath
    ? `There is no file or folder ${nameOrPath}`
    : `There is no model ${JSON.stringify(nameOrPath)}`;
  return new EffvitError(
    'NOT_FOUND',
    `${what}${hint}: known models are ${known}; a folder with a manifest.yaml and a .onnx or .bin file do as well.`,
  );
}

/** Folder of the vendor's models in the system image of RDK boards: `x5/basic/*.bin` and the like. */
const BOARD_MODELS = '/opt/hobot/model';

/** A compiled model that came with the board. */
interface BoardModel {
  /** After its file. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly chip: BpuChip;
}

/** The models of the board's system image, sorted; none elsewhere. `$EFFVIT_BOARD_MODELS` names another folder. */
async function boardModels(env: NodeJS.ProcessEnv): Promise<readonly BoardModel[]> {
  const root = env['EFFVIT_BOARD_MODELS'] || BOARD_MODELS;
  const models: BoardModel[] = [];
  for (const chip of BPU_CHIPS) {
    const folder = join(root, chip.replace('rdk-', ''), 'basic');
    for (const file of await readdir(folder).catch(() => [])) {
      if (!file.endsWith('.bin')) continue;
      const path = join(folder, file);
      models.push({ name: nameOfFile(path), path, chip });
    }
  }
  return models.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The manifest of a board's model: the defaults of a bare file, and its chip. */
function boardManifest({ path, chip }: BoardModel): ModelManifest {
  const title = `${basename(path)} of the board's system image`;
  return { ...defaultManifest(path), title, files: { bpu: bpuSources(path, [chip]) } };
}
