import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EffvitError } from '../core/EffvitError.js';
import { TemporaryFolder } from '../core/TemporaryFolder.js';
import { consoleCommand, runTool } from '../toolchain/runTool.js';
import type { Toolchain } from '../toolchain/toolchainStatus.js';
import type { CompiledBatch } from './compileBatch.js';

export interface PackOptions {
  readonly toolchain: Toolchain;
  readonly batches: readonly CompiledBatch[];
  readonly targetPath: string;
  readonly signal: AbortSignal;
}

const LIMIT_MS = 10 * 60_000;

/**
 * Packs the .bin files of several batch sizes into one with the vendor's packer; a single file is copied.
 *
 * @throws EffvitError TOOL_FAILED, TIMED_OUT, CANCELLED, IO_FAILED
 */
export async function packBatches({ toolchain, batches, targetPath, signal }: PackOptions): Promise<void> {
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
      limitMs: LIMIT_MS,
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
