import { stat } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { EffvitError } from '../core/EffvitError.js';
import { BPU_CHIPS, type BpuChip } from './BpuChip.js';
import { findBuiltOnnx } from './builtOnnx.js';
import type { BuiltOnnxSource, ModelFileSource, ModelManifest } from './ModelManifest.js';
import { modelCacheFolder } from './modelFolders.js';

export type ModelFileKind = 'weights' | 'onnx' | 'onnx_int8' | 'bpu' | 'bpu_quantized';

/** One of a model's files: its path, or the expected path and how to get the file. */
export interface ModelFileStatus {
  readonly kind: ModelFileKind;
  /** With `bpu` and `bpu_quantized` only. */
  readonly chip?: BpuChip;
  readonly isPresent: boolean;
  /** Absolute; for a built file that is absent, the folder that it will be built into. */
  readonly path: string;
  readonly location: 'model' | 'cache';
  /** Of the file on disk, where present. */
  readonly lengthBytes?: number;
  /** From the manifest. */
  readonly source?: ModelFileSource;
  /** If absent, the remedy as part of a sentence: `get it with ...` or `put the file at ...`. */
  readonly remedy?: string;
}

/** Every file that the manifest lists, in the order weights, onnx, onnx_int8, bpu and bpu_quantized by chip. */
export async function modelFiles(
  manifest: ModelManifest,
  env: NodeJS.ProcessEnv = process.env,
): Promise<readonly ModelFileStatus[]> {
  const { weights, onnx, onnxInt8, bpu, bpuQuantized = {} } = manifest.files;
  const statuses: Promise<ModelFileStatus>[] = [];
  const weightsStatus = weights && fileStatus(manifest, 'weights', weights, env);
  if (weightsStatus !== undefined) statuses.push(weightsStatus);
  if (onnx !== undefined) {
    statuses.push(
      isBuilt(onnx)
        ? builtStatus(manifest, await weightsStatus, env)
        : fileStatus(manifest, 'onnx', onnx, env),
    );
  }
  if (onnxInt8 !== undefined) statuses.push(fileStatus(manifest, 'onnx_int8', onnxInt8, env));
  for (const [kind, sources] of [
    ['bpu', bpu],
    ['bpu_quantized', bpuQuantized],
  ] as const) {
    for (const chip of BPU_CHIPS) {
      const source = sources[chip];
      if (source !== undefined) statuses.push(fileStatus(manifest, kind, source, env, chip));
    }
  }
  return Promise.all(statuses);
}

/**
 * The absolute path of one file.
 *
 * @throws EffvitError NOT_FOUND: the manifest lists no such file, or it is not there; the sentence says
 *   what gets it.
 */
export async function requireModelFile(
  manifest: ModelManifest,
  kind: ModelFileKind,
  chip?: BpuChip,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const statuses = await modelFiles(manifest, env);
  const status = statuses.find((one) => one.kind === kind && (!isByChip(kind) || one.chip === chip));
  const what = describeKind(kind, chip);
  if (status === undefined) {
    const others = statuses.map((one) => describeKind(one.kind, one.chip)).join(', ');
    throw new EffvitError(
      'NOT_FOUND',
      `${manifest.name} has no ${what}: its manifest lists ${others === '' ? 'no file' : others}.`,
      { context: { model: manifest.name } },
    );
  }
  if (!status.isPresent) {
    throw new EffvitError(
      'NOT_FOUND',
      `The ${what} of ${manifest.name} is not on this machine: ${status.remedy}.`,
      { context: { model: manifest.name } },
    );
  }
  return status.path;
}

export function isBuilt(source: ModelFileSource | BuiltOnnxSource): source is BuiltOnnxSource {
  return 'builder' in source;
}

function isByChip(kind: ModelFileKind): boolean {
  return kind === 'bpu' || kind === 'bpu_quantized';
}

/** A file's kind in words, e.g. `.bin file for rdk-x5`. */
export function describeKind(kind: ModelFileKind, chip?: BpuChip): string {
  const chipName = chip ?? 'any chip';
  return {
    weights: 'weights file',
    onnx: 'ONNX file',
    onnx_int8: 'int8 ONNX file',
    bpu: `.bin file for ${chipName}`,
    bpu_quantized: `quantised ONNX file of the compiler for ${chipName}`,
  }[kind];
}

async function fileStatus(
  manifest: ModelManifest,
  kind: ModelFileKind,
  source: ModelFileSource,
  env: NodeJS.ProcessEnv,
  chip?: BpuChip,
): Promise<ModelFileStatus> {
  const common = { kind, source, ...(chip && { chip }) };
  const cached = join(modelCacheFolder(manifest, env), basename(source.file));
  const inModel = (path: string) => ({ path, location: 'model' as const });
  const inFolder = manifest.folderPath === undefined ? [] : [inModel(join(manifest.folderPath, source.file))];
  const candidates = isAbsolute(source.file)
    ? [inModel(source.file)]
    : [...inFolder, { path: cached, location: 'cache' as const }];
  for (const candidate of candidates) {
    const info = await stat(candidate.path).catch(() => undefined);
    if (info?.isFile()) return { ...common, ...candidate, isPresent: true, lengthBytes: info.size };
  }
  const expected = candidates.at(-1) ?? { path: cached, location: 'cache' as const };
  const remedy =
    source.url === undefined
      ? `put the file at ${expected.path}`
      : `get it with \`${pullCommand(manifest, chip)}\``;
  return { ...common, ...expected, isPresent: false, remedy };
}

async function builtStatus(
  manifest: ModelManifest,
  weights: ModelFileStatus | undefined,
  env: NodeJS.ProcessEnv,
): Promise<ModelFileStatus> {
  const built = weights?.isPresent ? await findBuiltOnnx(manifest, weights.path, env) : undefined;
  if (built !== undefined) return { kind: 'onnx', location: 'cache', isPresent: true, ...built };
  return {
    kind: 'onnx',
    location: 'cache',
    isPresent: false,
    path: modelCacheFolder(manifest, env),
    remedy: `build it with \`${pullCommand(manifest)}\``,
  };
}

/** The command that gets a model's files, to be copied from a message. */
export function pullCommand(manifest: ModelManifest, chip?: BpuChip): string {
  const model =
    manifest.origin === 'folder' || manifest.origin === 'file'
      ? (manifest.folderPath ?? manifest.name)
      : manifest.name;
  return `effvit model pull ${model}${chip === undefined ? '' : ` --for ${chip}`}`;
}
