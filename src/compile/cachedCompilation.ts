import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../core/cacheFolder.js';
import { asEffvitError } from '../core/EffvitError.js';
import { keepAtExit, removeAtExit } from '../core/processExit.js';
import { makeFolder, temporaryNeighbour } from '../core/writeFileAtomic.js';
import { stepKey } from '../toolchain/toolchainStatus.js';

/** Number of compiled models in the cache, some 30 MB each; older ones are removed. */
const KEPT_ENTRIES = 24;

/**
 * The folder of a compiled model in the user's cache, by a hash of all inputs of the compilation and of the toolchain.
 * If there is none yet, `compile` fills a temporary folder, which is renamed if it succeeds and removed otherwise.
 *
 * @throws EffvitError IO_FAILED, and the errors of `compile`
 */
export async function cachedCompilation(
  inputs: readonly (string | Uint8Array)[],
  compile: (folder: string, logPath: string) => Promise<void>,
): Promise<{ readonly folder: string; readonly logPath: string; readonly isReused: boolean }> {
  const hash = createHash('sha256').update(stepKey('vendor'));
  for (const input of inputs) hash.update(createHash('sha256').update(input).digest());
  const key = hash.digest('hex').slice(0, 32);
  const cache = join(cacheFolder(), 'compile');
  const folder = join(cache, key);
  const logPath = join(cache, 'logs', `${key}.log`);
  if (existsSync(folder)) return { folder, logPath, isReused: true };
  const part = temporaryNeighbour(folder);
  await makeFolder(part).catch((error: unknown) => {
    throw asEffvitError(error, 'IO_FAILED', `Cannot make ${part} (EFFVIT_CACHE names another place)`, {
      file: part,
    });
  });
  removeAtExit(part);
  try {
    await compile(part, logPath);
    // Another process may have compiled the same meanwhile.
    if (!existsSync(folder)) await rename(part, folder);
  } finally {
    await rm(part, { recursive: true, force: true });
    keepAtExit(part);
  }
  await removeOldest(cache);
  return { folder, logPath, isReused: false };
}

async function removeOldest(cache: string): Promise<void> {
  const names = (await readdir(cache)).filter((name) => /^[0-9a-f]{32}$/.test(name));
  const aged = await Promise.all(
    names.map(async (name) => ({ name, mtimeMs: (await stat(join(cache, name))).mtimeMs })),
  );
  for (const { name } of aged.toSorted((a, b) => b.mtimeMs - a.mtimeMs).slice(KEPT_ENTRIES)) {
    await rm(join(cache, name), { recursive: true, force: true });
  }
}
