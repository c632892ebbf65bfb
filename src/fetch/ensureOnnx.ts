import { rename, rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { sha256File } from '../core/sha256File.js';
import { temporaryNeighbour } from '../core/writeFileAtomic.js';
import { findBuiltOnnx, rememberBuilt } from '../model/builtOnnx.js';
import type { BuiltOnnxSource, ModelManifest } from '../model/ModelManifest.js';
import { isBuilt, requireModelFile } from '../model/modelFiles.js';
import { modelCacheFolder } from '../model/modelFolders.js';
import { withModelLock } from './modelLock.js';
import type { OnPullProgress, PulledFile } from './pullFile.js';

/** Input of the builder, which writes a whole ONNX file to `outputPath` or throws. */
export interface BuildOnnxJob {
  readonly weightsPath: string;
  readonly outputPath: string;
  readonly source: BuiltOnnxSource;
  readonly classCount: number;
}

export type BuildOnnx = (job: BuildOnnxJob) => Promise<void>;

/** The package's own builder, as {@link BuildOnnx}: float32 RGB input, batch 1, opset 11. */
export const buildOnnxFromWeights: BuildOnnx = async ({ weightsPath, outputPath, source, classCount }) => {
  // Imported only if there is something to build, for a fast start otherwise.
  const { buildModelFile } = await import('../efficientvit/buildModelFile.js');
  await buildModelFile({ weightsPath, outputPath, variant: source.variant, classCount });
};

export interface EnsureOnnxOptions {
  /** Default: this package's builder. */
  readonly buildOnnx?: BuildOnnx;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnPullProgress;
}

/**
 * The path of a model's ONNX file. A built one is first built from its weights into the user's cache if it is missing,
 * or the weights or the builder changed; otherwise this takes a few file look-ups.
 *
 * @throws EffvitError NOT_FOUND (no weights on this machine; the message says how to get them), IO_FAILED,
 *   CANCELLED, TIMED_OUT, and the builder's own BAD_WEIGHTS.
 */
export async function ensureOnnx(manifest: ModelManifest, options: EnsureOnnxOptions = {}): Promise<string> {
  const { env = process.env, onProgress = () => undefined, buildOnnx = buildOnnxFromWeights } = options;
  if (!isBuilt(manifest.files.onnx)) return requireModelFile(manifest, 'onnx', undefined, env);
  const weightsPath = await requireModelFile(manifest, 'weights', undefined, env);
  const { path, lengthBytes } = await findBuiltOnnx(manifest, weightsPath, env);
  if (lengthBytes !== undefined) return path;
  const lock = {
    signal: options.signal ?? new AbortController().signal,
    onWait: () => onProgress({ phase: 'waiting' }),
  };
  const ensured = await withModelLock(modelCacheFolder(manifest, env), lock, (signal) =>
    ensureOnnxLocked(manifest, { env, signal, onProgress, buildOnnx }),
  );
  return ensured.path;
}

/** {@link ensureOnnx} for a built file and a caller that holds the model's lock. */
export async function ensureOnnxLocked(
  manifest: ModelManifest,
  { env, signal, onProgress, buildOnnx }: Required<EnsureOnnxOptions> & { readonly signal: AbortSignal },
): Promise<PulledFile> {
  const source = manifest.files.onnx;
  const { classCount } = manifest.output;
  if (!isBuilt(source) || classCount === undefined) {
    throw new EffvitError('INTERNAL', `The ONNX file of ${manifest.name} is not a built one: report this.`, {
      context: { model: manifest.name },
    });
  }
  const weightsPath = await requireModelFile(manifest, 'weights', undefined, env);
  const { path, lengthBytes: foundBytes } = await findBuiltOnnx(manifest, weightsPath, env, signal);
  if (foundBytes !== undefined) {
    const sha256 = await sha256File(path, signal);
    return { kind: 'onnx', path, lengthBytes: foundBytes, sha256, action: 'present' };
  }
  onProgress({ phase: 'building', file: basename(path) });
  const neighbour = temporaryNeighbour(path);
  try {
    await buildOnnx({ weightsPath, outputPath: neighbour, source, classCount });
    signal.throwIfAborted();
    await rename(neighbour, path);
  } catch (error) {
    await rm(neighbour, { force: true });
    if (signal.aborted) {
      const message = `Building ${path} was interrupted: run it again.`;
      throw new EffvitError('CANCELLED', message, { context: { file: path } });
    }
    throw asEffvitError(error, 'IO_FAILED', `Cannot build ${path}`, { file: path });
  }
  const { size: lengthBytes } = await stat(path);
  await rememberBuilt(path, lengthBytes);
  return { kind: 'onnx', path, lengthBytes, sha256: await sha256File(path, signal), action: 'built' };
}
