import { stat } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { EffvitError } from '../core/EffvitError.js';
import { BPU_CHIPS, type BpuChip } from './BpuChip.js';
import { findBuiltOnnx, hasBuiltGraphs } from './builtOnnx.js';
import type { BuiltOnnxSource, ModelFileSource, ModelManifest } from './ModelManifest.js';
import { modelCacheFolder } from './modelFolders.js';

export type ModelFileKind = 'weights' | 'onnx' | 'onnx_int8' | 'bpu' | 'bpu_quantized';

/** One of a model's files: its path, or the expected path and how to get the file. */
export interface ModelFileStatus {
  readonly kind: ModelFileKind;
  /** With `bpu` and `bpu_quantized` only. */
  readonly chip?: BpuChip | undefined;
  readonly isPresent: boolean;
  /** Absolute; for a built file that is absent, the folder that it will be built into. */
  readonly path: string;
  readonly location: 'model' | 'cache';
  /** Of the file on disk, where present. */
  readonly lengthBytes?: number | undefined;
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
  const status = async (kind: ModelFileKind, source: ModelFileSource | undefined, chip?: BpuChip) =>
    source && fileStatus(manifest, kind, source, env, chip);
  const weightsStatus = status('weights', weights);
  const statuses = await Promise.all([
    weightsStatus,
    isBuilt(onnx) ? builtStatus(manifest, await weightsStatus, env) : status('onnx', onnx),
    status('onnx_int8', onnxInt8),
    ...BPU_CHIPS.map((chip) => status('bpu', bpu[chip], chip)),
    ...BPU_CHIPS.map((chip) => status('bpu_quantized', bpuQuantized[chip], chip)),
  ]);
  return statuses.filter((one) => one !== undefined);
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

export function isBuilt(source: ModelFileSource | BuiltOnnxSource | undefined): source is BuiltOnnxSource {
  return source !== undefined && 'builder' in source;
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
  chip: BpuChip | undefined,
): Promise<ModelFileStatus> {
  const { folderPath } = manifest;
  const inModel = { path: resolve(folderPath ?? '.', source.file), location: 'model' } as const;
  const cachePath = join(modelCacheFolder(manifest, env), basename(source.file));
  const expected = isAbsolute(source.file) ? inModel : ({ path: cachePath, location: 'cache' } as const);
  for (const candidate of folderPath === undefined ? [expected] : [inModel, expected]) {
    const info = await stat(candidate.path).catch(() => undefined);
    if (!info?.isFile()) continue;
    return { kind, source, chip, ...candidate, isPresent: true, lengthBytes: info.size };
  }
  const remedy =
    source.url === undefined
      ? `put the file at ${expected.path}`
      : `get it with \`${pullCommand(manifest, chip)}\``;
  return { kind, source, chip, ...expected, isPresent: false, remedy };
}

async function builtStatus(
  manifest: ModelManifest,
  weights: ModelFileStatus | undefined,
  env: NodeJS.ProcessEnv,
): Promise<ModelFileStatus> {
  const common = { kind: 'onnx', location: 'cache' } as const;
  const isSought = weights?.isPresent === true && (await hasBuiltGraphs(manifest, env));
  const built = isSought ? await findBuiltOnnx(manifest, weights.path, env) : undefined;
  if (built?.lengthBytes !== undefined) return { ...common, isPresent: true, ...built };
  const path = modelCacheFolder(manifest, env);
  return { ...common, isPresent: false, path, remedy: `build it with \`${pullCommand(manifest)}\`` };
}

/** The command that gets a model's files, to be copied from a message. */
export function pullCommand(manifest: ModelManifest, chip?: BpuChip): string {
  const model =
    manifest.origin === 'folder' || manifest.origin === 'file'
      ? (manifest.folderPath ?? manifest.name)
      : manifest.name;
  return `effvit model pull ${model}${chip === undefined ? '' : ` --for ${chip}`}`;
}
