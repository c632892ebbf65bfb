import { EffvitError } from '../core/EffvitError.js';
import type { BpuChip } from '../model/BpuChip.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { isBuilt, type ModelFileStatus, modelFiles } from '../model/modelFiles.js';
import { modelCacheFolder } from '../model/modelFolders.js';
import { type BuildOnnx, buildOnnxFromWeights, ensureOnnxLocked } from './ensureOnnx.js';
import { DEFAULT_FETCH_LIMITS, type FetchLimits } from './FetchLimits.js';
import { withModelLock } from './modelLock.js';
import { checkProxies } from './proxyFromEnv.js';
import { type OnPullProgress, type PulledFile, pullFile } from './pullFile.js';

/** What the files are for: ONNX Runtime on a CPU, or the BPU of a chip. */
export type PullTarget = 'cpu' | BpuChip;

export interface PullOptions {
  /** Default `cpu`. */
  readonly target?: PullTarget;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnPullProgress;
  /** Accept a file that differs from the first download, and trust it from now on. */
  readonly acceptChanged?: boolean;
  /** Read for EFFVIT_MODEL_MIRROR, HF_ENDPOINT, HTTP_PROXY, HTTPS_PROXY, NO_PROXY and the cache folder. */
  readonly env?: NodeJS.ProcessEnv;
  readonly limits?: Partial<FetchLimits>;
  /** Default: this package's builder. */
  readonly buildOnnx?: BuildOnnx;
}

/**
 * Downloads and verifies the files of a model that a target needs: the ONNX file (or the weights, from which it is
 * built), or the chip's .bin. Can be repeated and interrupted at any time: complete files are verified again, partial
 * ones continued. Concurrent processes do the work once.
 *
 * @returns Every file of the target, in the order of their processing.
 * @throws EffvitError NOT_FOUND, DOWNLOAD_FAILED, CHECKSUM_MISMATCH, IO_FAILED, TIMED_OUT, CANCELLED,
 *   BAD_CONFIG (a proxy or mirror that is no address), and the builder's own.
 */
export async function pullModel(
  manifest: ModelManifest,
  options: PullOptions = {},
): Promise<readonly PulledFile[]> {
  const {
    target = 'cpu',
    signal = new AbortController().signal,
    env = process.env,
    onProgress = () => undefined,
    acceptChanged = false,
    buildOnnx = buildOnnxFromWeights,
  } = options;
  const limits = { ...DEFAULT_FETCH_LIMITS, ...options.limits };
  // Nothing is made on the disk for what cannot succeed.
  checkProxies(env);
  filesForTarget(manifest, await modelFiles(manifest, env), target);
  const lock = { signal, limits, onWait: () => onProgress({ phase: 'waiting' }) };
  return withModelLock(modelCacheFolder(manifest, env), lock, async (held) => {
    // Looked up under the lock: another process may have downloaded them meanwhile.
    const files = filesForTarget(manifest, await modelFiles(manifest, env), target);
    const context = { manifest, env, limits, signal: held, onProgress, acceptChanged, buildOnnx };
    const pulled: PulledFile[] = [];
    for (const file of files) pulled.push(await pullFile(file, context));
    if (target === 'cpu' && isBuilt(manifest.files.onnx)) {
      pulled.push(await ensureOnnxLocked(manifest, context));
    }
    return pulled;
  });
}

/** The files of the manifest that a target needs, built ones left out. */
function filesForTarget(
  manifest: ModelManifest,
  files: readonly ModelFileStatus[],
  target: PullTarget,
): readonly ModelFileStatus[] {
  if (target !== 'cpu') {
    const file = files.find((one) => one.kind === 'bpu' && one.chip === target);
    if (file !== undefined) return [file];
    const chips = files.flatMap((one) => one.chip ?? []).join(', ') || 'no chip';
    throw new EffvitError(
      'NOT_FOUND',
      `${manifest.name} has no .bin file for ${target}: its manifest lists ${chips}.`,
      { context: { model: manifest.name } },
    );
  }
  const { onnx } = manifest.files;
  if (onnx === undefined) {
    throw new EffvitError(
      'NOT_FOUND',
      `${manifest.name} has nothing for the CPU: its manifest lists no ONNX file.`,
      { context: { model: manifest.name } },
    );
  }
  // An int8 file without an address is made here by `effvit quantize`, not fetched.
  return files.filter(
    (one) =>
      one.kind === (isBuilt(onnx) ? 'weights' : 'onnx') ||
      (one.kind === 'onnx_int8' && (one.isPresent || one.source?.url !== undefined)),
  );
}
