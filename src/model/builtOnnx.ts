import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isShaped } from '../core/isShaped.js';
import type { ModelManifest } from './ModelManifest.js';
import { modelCacheFolder } from './modelFolders.js';

/**
 * Raise this whenever the builder writes another graph for the same weights: cached graphs of older
 * versions are then built anew.
 */
export const ONNX_BUILDER_VERSION = 2;

/** What `built.json` in the model's cache folder says of the ONNX file that was built from its weights. */
export interface BuiltOnnxRecord {
  readonly weights: WeightsStamp;
  readonly builderVersion: number;
  /** Name of the ONNX file in the same folder. */
  readonly file: string;
  readonly lengthBytes: number;
}

/** Tells that a weights file is the one already hashed, without reading it again. */
export interface WeightsStamp {
  readonly path: string;
  readonly lengthBytes: number;
  readonly mtimeMs: number;
  readonly sha256: string;
}

export const BUILT_RECORD_NAME = 'built.json';

const WEIGHTS_FIELDS = {
  path: 'string',
  lengthBytes: 'number',
  mtimeMs: 'number',
  sha256: 'string',
} as const;

/** The name of a built file: another weights file or another builder makes another name. */
export function builtOnnxName(manifest: ModelManifest, weightsSha256: string): string {
  return `${manifest.name}.${weightsSha256.slice(0, 16)}.v${ONNX_BUILDER_VERSION}.onnx`;
}

/**
 * The built ONNX file of these weights, when it is there and up to date; undefined otherwise (a missing or
 * damaged record too: it costs a build, nothing else).
 *
 * @param weightsPath Absolute.
 */
export async function findBuiltOnnx(
  manifest: ModelManifest,
  weightsPath: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ path: string; lengthBytes: number } | undefined> {
  const folder = modelCacheFolder(manifest, env);
  const record = await readBuiltRecord(folder);
  if (record === undefined || record.builderVersion !== ONNX_BUILDER_VERSION) return undefined;
  const [weights, built] = await Promise.all([
    stat(weightsPath).catch(() => undefined),
    stat(join(folder, record.file)).catch(() => undefined),
  ]);
  const isSameWeights =
    weights !== undefined &&
    record.weights.path === weightsPath &&
    record.weights.lengthBytes === weights.size &&
    record.weights.mtimeMs === weights.mtimeMs;
  if (!isSameWeights || built?.size !== record.lengthBytes) return undefined;
  return { path: join(folder, record.file), lengthBytes: record.lengthBytes };
}

async function readBuiltRecord(folder: string): Promise<BuiltOnnxRecord | undefined> {
  try {
    const record: unknown = JSON.parse(await readFile(join(folder, BUILT_RECORD_NAME), 'utf8'));
    return isBuiltRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

function isBuiltRecord(value: unknown): value is BuiltOnnxRecord {
  const { weights, ...rest } = (value ?? {}) as { readonly weights?: unknown };
  return (
    isShaped(weights, WEIGHTS_FIELDS) &&
    isShaped(rest, { builderVersion: 'number', file: 'string', lengthBytes: 'number' }) &&
    /^[A-Za-z0-9._-]+\.onnx$/.test(rest.file)
  );
}
