import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asEffvitError } from './EffvitError.js';
import { keepAtExit, removeAtExit } from './processExit.js';

/** A folder below `$TMPDIR`, removed by its owner or at the exit of the process. */
export class TemporaryFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws EffvitError IO_FAILED */
  static async make(): Promise<TemporaryFolder> {
    try {
      const path = await mkdtemp(join(tmpdir(), 'effvit-'));
      removeAtExit(path);
      return new TemporaryFolder(path);
    } catch (error) {
      throw asEffvitError(error, 'IO_FAILED', `Cannot make a folder in ${tmpdir()} (set TMPDIR to another)`, {
        file: tmpdir(),
      });
    }
  }

  /** Idempotent. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    keepAtExit(this.path);
  }
}
