import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { cpus } from 'node:os';
import { extname, join } from 'node:path';
import { cacheFolder } from '../../core/cacheFolder.js';
import { cpuFlags } from '../../core/cpuFlags.js';
import { refuseForeignFile } from '../../core/foreignContent.js';
import { readInput } from '../../core/readInput.js';
import { makeFolder } from '../../core/writeFileAtomic.js';
import { openBatch } from '../../onnx/openBatch.js';
import { readOnnx } from '../../onnx/readOnnx.js';
import { serializeOnnx } from '../../onnx/serializeOnnx.js';
import { createSession, loadRuntime, ONE_THREAD } from './loadRuntime.js';

const DAY_MS = 86_400_000;
const UNUSED_DAYS = 90;

/** An entry of TensorProto.external_data: the weights are in another file, which the cache key does not cover. */
const EXTERNAL_DATA_KEY = Buffer.from('\x0a\x08location');

/**
 * The model optimised for this machine by ONNX Runtime, from the user's cache or created now. Its results are
 * bit-identical, it loads in a tenth of the time, and it is memory-mapped, so that all workers share its weights.
 *
 * The file is valid for one CPU type and one runtime version: both are in its name, with the hash of the model.
 * Processes that create it at the same time each write and rename their own file; all these files are identical.
 *
 * @param hasOpenBatch whether it must take any number of pictures per run.
 * @returns its path; undefined if the original must be loaded: .ort files, models with external data, graphs that
 *   cannot be saved, a cache folder that cannot be written.
 * @throws EffvitError NOT_FOUND, IO_FAILED, BAD_MODEL if the model file cannot be read.
 */
export async function optimizedModel(modelPath: string, hasOpenBatch = false): Promise<string | undefined> {
  await refuseForeignFile(modelPath, 'BAD_MODEL');
  if (extname(modelPath).toLowerCase() === '.ort') return undefined;
  const content = await readInput(modelPath, { missing: `There is no model file ${modelPath}.` });
  if (content.includes(EXTERNAL_DATA_KEY)) return undefined;
  const { env } = loadRuntime();
  const key = createHash('sha256')
    .update(createHash('sha256').update(content).digest())
    .update(`onnxruntime ${env.versions.node ?? env.versions.common} ${cpuFingerprint()}`)
    .update(hasOpenBatch ? 'with an open batch' : '')
    .digest('hex');
  const folder = join(cacheFolder(), 'onnx');
  const path = join(folder, `${key}.ort`);
  if (existsSync(path)) {
    // Pruning is based on the time of use; a read-only cache is fine too.
    await utimes(path, new Date(), new Date()).catch(() => undefined);
    return path;
  }
  return await optimize(hasOpenBatch ? await openedModel(modelPath) : modelPath, folder, path);
}

async function optimize(
  model: string | Uint8Array,
  folder: string,
  path: string,
): Promise<string | undefined> {
  const neighbour = join(folder, `${process.pid}-${randomBytes(4).toString('hex')}.part`);
  try {
    await makeFolder(folder);
    await prune(folder);
    const session = await createSession(model, {
      ...ONE_THREAD,
      graphOptimizationLevel: 'all',
      optimizedModelFilePath: neighbour,
      extra: { session: { save_model_format: 'ORT' } },
    });
    await session.release();
    const handle = await open(neighbour, 'r+');
    // Mapped files must be complete: reading past the end of a file truncated by a power cut is a bus error.
    await handle.sync().finally(() => handle.close());
    await rename(neighbour, path);
    return path;
  } catch {
    // An invalid model is reported by the load that follows, with a better message than the optimiser's.
    await rm(neighbour, { force: true }).catch(() => undefined);
    return undefined;
  }
}

/** Removes files that were not used for long, and partial files of killed processes. */
async function prune(folder: string): Promise<void> {
  const nowMs = Date.now();
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    const limitMs = name.endsWith('.part') ? DAY_MS : UNUSED_DAYS * DAY_MS;
    const info = await stat(file).catch(() => undefined);
    if (info !== undefined && nowMs - info.mtimeMs > limitMs) await rm(file, { force: true });
  }
}

/** The properties that the optimiser depends on: architecture and instruction sets. */
function cpuFingerprint(): string {
  return [process.arch, cpus()[0]?.model ?? 'unknown', ...cpuFlags()].join(' ');
}

/**
 * A model that takes any number of pictures per run: the content of an .onnx file with its batch opened, or the path of
 * an .ort file, which cannot be changed.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED, BAD_MODEL
 */
export async function openedModel(modelPath: string): Promise<string | Uint8Array> {
  if (extname(modelPath).toLowerCase() === '.ort') return modelPath;
  return serializeOnnx(openBatch(await readOnnx(modelPath)));
}
