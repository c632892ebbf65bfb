import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../core/cacheFolder.js';
import { isShaped } from '../core/isShaped.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { stampOf, type WeightsStamp } from './builtOnnx.js';

const FIELDS = { path: 'string', lengthBytes: 'number', mtimeMs: 'number', sha256: 'string' } as const;
const KEPT = 256;

/**
 * SHA-256 of files, cached until size or modification time of the file changes: reading the 70 MB of a model takes
 * longer than everything else that `effvit model list` does.
 */
export class FileHashes {
  readonly #recordPath: string;
  #stamps: readonly WeightsStamp[];
  #isChanged = false;

  private constructor(recordPath: string, stamps: readonly WeightsStamp[]) {
    this.#recordPath = recordPath;
    this.#stamps = stamps;
  }

  /** A cache that is damaged or of another version is discarded. */
  static async open(env: NodeJS.ProcessEnv = process.env): Promise<FileHashes> {
    const path = join(cacheFolder(env), 'hashes.json');
    let content: unknown;
    try {
      content = JSON.parse(await readFile(path, 'utf8'));
    } catch {
      content = [];
    }
    const list: readonly unknown[] = Array.isArray(content) ? content : [];
    return new FileHashes(
      path,
      list.filter((stamp) => isShaped(stamp, FIELDS)),
    );
  }

  /** @throws EffvitError IO_FAILED, CANCELLED */
  async sha256(path: string, signal?: AbortSignal): Promise<string> {
    const { size, mtimeMs } = await stat(path);
    const known = this.#stamps.find((stamp) => stamp.path === path);
    if (known?.lengthBytes === size && known.mtimeMs === mtimeMs) return known.sha256;
    const stamp = await stampOf(path, signal);
    this.#stamps = [stamp, ...this.#stamps.filter((one) => one !== known)].slice(0, KEPT);
    this.#isChanged = true;
    return stamp.sha256;
  }

  /** A cache that cannot be written only costs time. */
  async save(): Promise<void> {
    if (!this.#isChanged) return;
    await writeFileAtomic(this.#recordPath, `${JSON.stringify(this.#stamps)}\n`).catch(() => undefined);
  }
}
