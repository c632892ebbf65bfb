import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../core/cacheFolder.js';
import { asEffvitError } from '../core/EffvitError.js';
import { keepAtExit, removeAtExit } from '../core/processExit.js';
import { makeFolder } from '../core/writeFileAtomic.js';
import { stepKey } from '../toolchain/toolchainStatus.js';

/** Number of compiled models in the cache, some 30 MB each; older ones are removed. */
const KEPT_ENTRIES = 24;

/** Cache of compiled models; the key is a hash of all inputs of the compilation. */
export class CompileCache {
  readonly folder: string;

  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.folder = join(cacheFolder(env), 'compile');
  }

  /** Cache key of these inputs with this toolchain. */
  static keyOf(contents: readonly (string | Uint8Array)[]): string {
    const hash = createHash('sha256').update(stepKey('vendor'));
    for (const content of contents) hash.update(createHash('sha256').update(content).digest());
    return hash.digest('hex').slice(0, 32);
  }

  logPath(key: string): string {
    return join(this.folder, 'logs', `${key}.log`);
  }

  find(key: string): string | undefined {
    const entry = join(this.folder, key);
    return existsSync(entry) ? entry : undefined;
  }

  /**
   * Creates an entry: `work` fills a temporary folder, which is renamed if it succeeds and removed otherwise.
   *
   * @throws EffvitError IO_FAILED, and the errors of `work`
   */
  async make(key: string, work: (folder: string) => Promise<void>): Promise<string> {
    const entry = join(this.folder, key);
    const part = `${entry}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
    try {
      await makeFolder(part);
    } catch (error) {
      throw asEffvitError(error, 'IO_FAILED', `Cannot make ${part} (EFFVIT_CACHE names another place)`, {
        file: part,
      });
    }
    removeAtExit(part);
    try {
      await work(part);
      // Another process may have created the same entry meanwhile.
      if (!existsSync(entry)) await rename(part, entry);
    } finally {
      await rm(part, { recursive: true, force: true });
      keepAtExit(part);
    }
    await this.#prune();
    return entry;
  }

  async #prune(): Promise<void> {
    const names = (await readdir(this.folder)).filter((name) => /^[0-9a-f]{32}$/.test(name));
    const aged = await Promise.all(
      names.map(async (name) => ({ name, mtimeMs: (await stat(join(this.folder, name))).mtimeMs })),
    );
    for (const { name } of aged.toSorted((a, b) => b.mtimeMs - a.mtimeMs).slice(KEPT_ENTRIES)) {
      await rm(join(this.folder, name), { recursive: true, force: true });
    }
  }
}
