import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../core/cacheFolder.js';
import { isShaped } from '../core/isShaped.js';
import { sha256File } from '../core/sha256File.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';

/** Identifies a file that was hashed before, without reading it. */
interface FileStamp {
  readonly path: string;
  readonly lengthBytes: number;
  readonly mtimeMs: number;
  readonly sha256: string;
}

const FIELDS = { path: 'string', lengthBytes: 'number', mtimeMs: 'number', sha256: 'string' } as const;
const KEPT = 256;

/**
 * SHA-256 of files, cached until size or modification time of the file changes: reading the 70 MB of a model takes
 * longer than everything else that `effvit model list` does.
 */
export class FileHashes {
  readonly #recordPath: string;
  #stamps: readonly FileStamp[];
  #isChanged = false;

  private constructor(recordPath: string, stamps: readonly FileStamp[]) {
    this.#recordPath = recordPath;
    this.#stamps = stamps;
  }

  /** A cache that is damaged or of another version is discarded. */
  static async open(env: NodeJS.ProcessEnv = process.env): Promise<FileHashes> {
    const path = join(cacheFolder(env), 'hashes.json');
    try {
      const content: readonly unknown[] = JSON.parse(await readFile(path, 'utf8'));
      const stamps = content.filter((stamp) => isShaped(stamp, FIELDS));
      return new FileHashes(path, stamps);
    } catch {
      return new FileHashes(path, []);
    }
  }

  /** @throws EffvitError IO_FAILED, CANCELLED */
  async sha256(path: string, signal?: AbortSignal): Promise<string> {
    const { size: lengthBytes, mtimeMs } = await stat(path);
    const known = this.#stamps.find((stamp) => stamp.path === path);
    if (known?.lengthBytes === lengthBytes && known.mtimeMs === mtimeMs) return known.sha256;
    const sha256 = await sha256File(path, signal);
    const others = this.#stamps.filter((stamp) => stamp !== known);
    this.#stamps = [{ path, lengthBytes, mtimeMs, sha256 }, ...others].slice(0, KEPT);
    this.#isChanged = true;
    return sha256;
  }

  /** A cache that cannot be written only costs time. */
  async save(): Promise<void> {
    if (!this.#isChanged) return;
    await writeFileAtomic(this.#recordPath, `${JSON.stringify(this.#stamps)}\n`).catch(() => undefined);
  }
}
