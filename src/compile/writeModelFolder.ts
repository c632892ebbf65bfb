import { copyFile, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { EffvitError } from '../core/EffvitError.js';
import { sha256File } from '../core/sha256File.js';
import { TemporaryFolder } from '../core/TemporaryFolder.js';
import { writeFolderAtomic } from '../core/writeFileAtomic.js';
import { loadLabels } from '../model/labels.js';
import { inheritedManifestYaml, MANIFEST_NAME } from '../model/loadManifest.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import type { BpuInputSource } from '../model/manifestValues.js';
import { consoleCommand, runTool } from '../toolchain/runTool.js';
import type { Toolchain } from '../toolchain/toolchainStatus.js';
import type { CompiledBatch } from './compileBatch.js';

export interface ModelFolderOptions {
  readonly folder: string;
  /** The float model. */
  readonly source: ModelManifest;
  readonly classCount: number;
  /** Ascending; their times go into the manifest. */
  readonly batches: readonly CompiledBatch[];
  readonly inputSource: BpuInputSource;
  readonly toolchain: Toolchain;
  readonly signal: AbortSignal;
}

/** Start of the manifests written here; only a folder with such a manifest may be replaced. */
const MARK = '# Written by effvit compile';
const QUANTIZED_NAME = 'quantized_model.onnx';
const LABELS_NAME = 'labels.txt';
const OWN_NAMES: ReadonlySet<string> = new Set([MANIFEST_NAME, LABELS_NAME, QUANTIZED_NAME]);

/** The runtime's time per task on an RDK X5 by the published figures: 6.34 ms in total, 5.72 ms of them on the BPU. */
const PUBLISHED_HOST_MS = 0.62;

const PACK_LIMIT_MS = 10 * 60_000;

/** @throws EffvitError BAD_ARGUMENT if the folder has content that was not written here, which would be lost. */
export async function checkModelFolder(folder: string): Promise<void> {
  const info = await stat(folder).catch(() => undefined);
  if (info === undefined) return;
  const names = info.isDirectory() ? await readdir(folder) : undefined;
  if (names?.length === 0) return;
  const manifest = await readFile(join(folder, MANIFEST_NAME), 'utf8').catch(() => '');
  if (manifest.startsWith(MARK)) {
    const foreign = names?.find((name) => !OWN_NAMES.has(name) && !name.endsWith('.bin'));
    if (foreign === undefined) return;
    throw new EffvitError(
      'BAD_ARGUMENT',
      `${folder} would be replaced as a whole, and ${foreign} in it was not written by effvit compile: name another folder with --output, or move that away.`,
      { context: { file: join(folder, foreign) } },
    );
  }
  throw new EffvitError(
    'BAD_ARGUMENT',
    `${folder} exists and was not written by effvit compile: name another folder with --output, or remove it.`,
    { context: { file: folder } },
  );
}

/**
 * Writes a model folder: manifest, labels, the .bin, and the quantised ONNX model that gives the same integers on a PC.
 * If it fails, nothing is written.
 *
 * @returns the path of the .bin.
 * @throws EffvitError BAD_ARGUMENT, IO_FAILED, TOOL_FAILED, TIMED_OUT, CANCELLED
 */
export async function writeModelFolder(options: ModelFolderOptions): Promise<string> {
  const folder = resolve(options.folder);
  await checkModelFolder(folder);
  const binName = `${options.batches[0]?.modelName ?? 'model'}.bin`;
  await writeFolderAtomic(folder, async (part) => {
    await packBatches(options, join(part, binName));
    const [first] = options.batches;
    if (first !== undefined) await copyFile(first.quantizedPath, join(part, QUANTIZED_NAME));
    const labels = await loadLabels(options.source, options.classCount);
    await writeFile(join(part, LABELS_NAME), `${labels.join('\n')}\n`);
    await writeFile(join(part, MANIFEST_NAME), await manifestText(options, part, binName));
  });
  return join(folder, binName);
}

/**
 * Packs the .bin files of several batch sizes into one with the vendor's packer; a single file is copied.
 */
async function packBatches(
  { toolchain, batches, signal }: ModelFolderOptions,
  targetPath: string,
): Promise<void> {
  const [first, ...more] = batches;
  if (first === undefined) throw new EffvitError('INTERNAL', 'No batch to pack; this is a defect of effvit.');
  if (more.length === 0) {
    await copyFile(first.binPath, targetPath);
    return;
  }
  const work = await TemporaryFolder.make();
  try {
    const names = batches.map(({ modelName }) => `${modelName}.bin`);
    for (const [index, { binPath }] of batches.entries()) {
      await copyFile(binPath, join(work.path, names[index] ?? ''));
    }
    await runTool({
      toolchain,
      args: consoleCommand('hb_pack', [...names, '-o', 'packed.bin']),
      what: 'The packer',
      logPath: first.logPath,
      cwd: work.path,
      signal,
      limitMs: PACK_LIMIT_MS,
    });
    if (!(await readdir(work.path)).includes('packed.bin')) {
      throw new EffvitError('TOOL_FAILED', `The packer left no file (see ${first.logPath}).`, {
        context: { file: first.logPath },
      });
    }
    await copyFile(join(work.path, 'packed.bin'), targetPath);
  } finally {
    await work.remove();
  }
}

async function manifestText(options: ModelFolderOptions, part: string, binName: string): Promise<string> {
  const { source, classCount, batches, inputSource } = options;
  const file = async (name: string): Promise<Record<string, unknown>> => ({
    file: name,
    length_bytes: (await stat(join(part, name))).size,
    sha256: await sha256File(join(part, name)),
  });
  const [first, ...more] = batches;
  const content = {
    name: `${source.name}_rdk_x5`.slice(0, 64),
    title: `${source.title}, compiled for the RDK X5`.slice(0, 200),
    ...inheritedManifestYaml(source, classCount, LABELS_NAME),
    files: {
      bpu: {
        'rdk-x5': {
          march: 'bayes-e',
          ...(await file(binName)),
          ...(inputSource !== 'pyramid' && { input_source: inputSource }),
          ...(batches.length > 1 && {
            models: batches.map(({ batch, modelName }) => ({ batch, name: modelName })),
          }),
        },
      },
      bpu_quantized: { 'rdk-x5': await file(QUANTIZED_NAME) },
    },
    ...(first !== undefined && {
      device_model: {
        'rdk-x5': {
          cores: 1,
          service_ms: round(first.taskMs),
          host_ms: PUBLISHED_HOST_MS,
          kind: 'estimate',
          ddr_bytes: Math.round(first.ddrBytesPerFrame),
          bound_by: first.boundBy,
          ...(more.length > 0 && {
            batches: more.map(({ batch, taskMs, ddrBytesPerFrame, boundBy }) => ({
              batch,
              service_ms: round(taskMs),
              ddr_bytes: Math.round(ddrBytesPerFrame),
              bound_by: boundBy,
            })),
          }),
        },
      },
    }),
  };
  const comment = `${MARK} from ${source.name}: times are the compiler's estimates, host_ms is a published figure.\n`;
  return comment + stringify(content);
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 1e4) / 1e4;
}
