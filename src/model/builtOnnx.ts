import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isShaped } from '../core/isShaped.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { FileHashes } from './FileHashes.js';
import type { ModelManifest } from './ModelManifest.js';
import { modelCacheFolder } from './modelFolders.js';

/**
 * Increase this whenever the builder writes a different graph for the same weights; cached graphs of older versions are
 * then rebuilt.
 */
export const ONNX_BUILDER_VERSION = 2;

/** A whole graph, as `built.json` in the model's cache folder lists it. */
interface BuiltGraph {
  /** Name of the ONNX file in the same folder: {@link builtOnnxName}. */
  readonly file: string;
  readonly lengthBytes: number;
}

/** Where the graph of some weights belongs. */
export interface BuiltOnnx {
  readonly path: string;
  /** Undefined if it is missing, outdated or cut short, or the record is missing or damaged. */
  readonly lengthBytes: number | undefined;
}

const BUILT_RECORD_NAME = 'built.json';

/** Only the latest are retained, since temporary clones accumulate. */
const KEPT = 32;

/** The name of a built file; it differs for every weights file and builder version. */
export function builtOnnxName(manifest: ModelManifest, weightsSha256: string): string {
  return `${manifest.name}.${weightsSha256.slice(0, 16)}.v${ONNX_BUILDER_VERSION}.onnx`;
}

/**
 * The ONNX file that is built from these weights, which are found by their SHA-256.
 *
 * @param weightsPath Absolute.
 * @throws EffvitError IO_FAILED, CANCELLED
 */
export async function findBuiltOnnx(
  manifest: ModelManifest,
  weightsPath: string,
  env: NodeJS.ProcessEnv = process.env,
  signal?: AbortSignal,
): Promise<BuiltOnnx> {
  const folder = modelCacheFolder(manifest, env);
  const hashes = await FileHashes.open(env);
  const file = builtOnnxName(manifest, await hashes.sha256(weightsPath, signal));
  await hashes.save();
  const path = join(folder, file);
  const graph = (await readBuiltGraphs(folder)).find((one) => one.file === file);
  const info = await stat(path).catch(() => undefined);
  return { path, lengthBytes: info?.size === graph?.lengthBytes ? info?.size : undefined };
}

/** Whether a graph was built for some weights of the model: if not, the weights need not be read to know. */
export async function hasBuiltGraphs(manifest: ModelManifest, env: NodeJS.ProcessEnv): Promise<boolean> {
  return (await readBuiltGraphs(modelCacheFolder(manifest, env))).length > 0;
}

/** Adds to the record. Of two processes that do so at once, one may be lost, which costs another build. */
export async function rememberBuilt(path: string, lengthBytes: number): Promise<void> {
  const folder = dirname(path);
  const file = basename(path);
  const others = (await readBuiltGraphs(folder)).filter((graph) => graph.file !== file);
  const record = { graphs: [{ file, lengthBytes }, ...others].slice(0, KEPT) };
  await writeFileAtomic(join(folder, BUILT_RECORD_NAME), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** The recorded graphs; none if the record is missing, damaged or of an older version. */
async function readBuiltGraphs(folder: string): Promise<readonly BuiltGraph[]> {
  try {
    const text = await readFile(join(folder, BUILT_RECORD_NAME), 'utf8');
    const { graphs }: { graphs: readonly unknown[] } = JSON.parse(text);
    return graphs.filter((graph) => isShaped(graph, { file: 'string', lengthBytes: 'number' }));
  } catch {
    return [];
  }
}
