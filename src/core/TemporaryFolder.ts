import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asEffvitError } from './EffvitError.js';

const alive = new Set<string>();

function removeAll(): void {
  for (const path of alive) rmSync(path, { recursive: true, force: true });
}

/** A folder below `$TMPDIR` that goes with its owner, and with the process at the latest. */
export class TemporaryFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws EffvitError IO_FAILED */
  static async make(): Promise<TemporaryFolder> {
    try {
      const path = await mkdtemp(join(tmpdir(), 'effvit-'));
      if (alive.size === 0) process.on('exit', removeAll);
      alive.add(path);
      return new TemporaryFolder(path);
    } catch (error) {
      throw asEffvitError(error, 'IO_FAILED', `Cannot make a folder in ${tmpdir()} (set TMPDIR to another)`);
    }
  }

  /** Idempotent. */
  async remove(): Promise<void> {
    alive.delete(this.path);
    if (alive.size === 0) process.off('exit', removeAll);
    await rm(this.path, { recursive: true, force: true });
  }
}
