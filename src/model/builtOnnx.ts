import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isShaped } from '../core/isShaped.js';
import { sha256File } from '../core/sha256File.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import type { ModelManifest } from './ModelManifest.js';
import { modelCacheFolder } from './modelFolders.js';

/**
 * Increase this whenever the builder writes a different graph for the same weights; cached graphs of older versions are
 * then rebuilt.
 */
export const ONNX_BUILDER_VERSION = 2;

/**
 * Content of `built.json` in the model's cache folder. Graphs are found by the SHA-256 of their weights. A stamp for
 * each location of a weights file (e.g. two clones of this repository) avoids hashing it again.
 */
export interface BuiltOnnxRecord {
  readonly weights: readonly WeightsStamp[];
  readonly graphs: readonly BuiltGraph[];
}

export interface BuiltGraph {
  /** Name of the ONNX file in the same folder: {@link builtOnnxName}. */
  readonly file: string;
  readonly lengthBytes: number;
}

/** Identifies a weights file that was hashed before, without reading it. */
export interface WeightsStamp {
  readonly path: string;
  readonly lengthBytes: number;
  readonly mtimeMs: number;
  readonly sha256: string;
}

export interface FoundOnnx {
  readonly path: string;
  readonly lengthBytes: number;
  /** Where the weights had to be read: to be {@link remember}ed. */
  readonly stamp?: WeightsStamp;
}

const BUILT_RECORD_NAME = 'built.json';

/** Only the latest are retained, since temporary clones accumulate. */
const KEPT = 32;

/** The name of a built file; it differs for every weights file and builder version. */
export function builtOnnxName(manifest: ModelManifest, weightsSha256: string): string {
  return `${manifest.name}.${weightsSha256.slice(0, 16)}.v${ONNX_BUILDER_VERSION}.onnx`;
}

/**
 * The built ONNX file of these weights; undefined if it is missing or outdated, or the record is missing or damaged.
 *
 * @param weightsPath Absolute.
 */
export async function findBuiltOnnx(
  manifest: ModelManifest,
  weightsPath: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<FoundOnnx | undefined> {
  const folder = modelCacheFolder(manifest, env);
  const { weights, graphs } = await readBuiltRecord(folder);
  if (graphs.length === 0) return undefined;
  const info = await stat(weightsPath).catch(() => undefined);
  if (info === undefined) return undefined;
  const known = weights.find(
    ({ path, lengthBytes, mtimeMs }) =>
      path === weightsPath && lengthBytes === info.size && mtimeMs === info.mtimeMs,
  );
  const stamp = known ?? (await stampOf(weightsPath));
  const file = builtOnnxName(manifest, stamp.sha256);
  const graph = graphs.find((one) => one.file === file);
  const built = await stat(join(folder, file)).catch(() => undefined);
  if (graph === undefined || built?.size !== graph.lengthBytes) return undefined;
  return {
    path: join(folder, file),
    lengthBytes: graph.lengthBytes,
    ...(known === undefined && { stamp }),
  };
}

/** @throws EffvitError IO_FAILED, CANCELLED */
export async function stampOf(weightsPath: string, signal?: AbortSignal): Promise<WeightsStamp> {
  const { size, mtimeMs } = await stat(weightsPath);
  return { path: weightsPath, lengthBytes: size, mtimeMs, sha256: await sha256File(weightsPath, signal) };
}

/**
 * Adds to the record. Of two processes that do so at once, one may be lost, which costs another hash or build.
 */
export async function remember(
  manifest: ModelManifest,
  added: { readonly stamp: WeightsStamp; readonly graph?: BuiltGraph },
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const folder = modelCacheFolder(manifest, env);
  const { weights, graphs } = await readBuiltRecord(folder);
  const { stamp, graph } = added;
  const record: BuiltOnnxRecord = {
    weights: [stamp, ...weights.filter(({ path }) => path !== stamp.path)].slice(0, KEPT),
    graphs:
      graph === undefined
        ? graphs
        : [graph, ...graphs.filter(({ file }) => file !== graph.file)].slice(0, KEPT),
  };
  await writeFileAtomic(join(folder, BUILT_RECORD_NAME), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** The record; empty if it is missing, damaged or of an older version. */
async function readBuiltRecord(folder: string): Promise<BuiltOnnxRecord> {
  let content: { readonly weights?: unknown; readonly graphs?: unknown } | null;
  try {
    content = JSON.parse(await readFile(join(folder, BUILT_RECORD_NAME), 'utf8'));
  } catch {
    content = null;
  }
  const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  return {
    weights: listOf(content?.weights).filter((stamp) => isShaped(stamp, STAMP_FIELDS)),
    graphs: listOf(content?.graphs).filter((graph) => isShaped(graph, GRAPH_FIELDS)),
  };
}

const STAMP_FIELDS = { path: 'string', lengthBytes: 'number', mtimeMs: 'number', sha256: 'string' } as const;
const GRAPH_FIELDS = { file: 'string', lengthBytes: 'number' } as const;
