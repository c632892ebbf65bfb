import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { asEffvitError, fileError } from '../../core/EffvitError.js';
import { keepAtExit, removeAtExit } from '../../core/processExit.js';
import { makeFolder } from '../../core/writeFileAtomic.js';
import { bagMetadataYaml, type WrittenBag } from './bagMetadataYaml.js';

/**
 * Location of a new recording: a single `.mcap` file, or a rosbag2 folder with one and its `metadata.yaml`. It is
 * written next to that under a temporary name and renamed when finished, so that a partial recording is never visible.
 * If the process exits earlier, it is removed.
 */
export class BagTarget {
  /** The finished file or folder, absolute. */
  readonly path: string;
  /** The file to write. */
  readonly partPath: string;
  readonly #part: string;
  readonly #isFolder: boolean;

  private constructor(path: string) {
    this.path = resolve(path);
    this.#isFolder = !this.path.endsWith('.mcap');
    const mark = `${process.pid}.${randomBytes(4).toString('hex')}`;
    this.#part = join(dirname(this.path), `.${basename(this.path)}.${mark}.part`);
    this.partPath = this.#isFolder ? join(this.#part, this.fileName) : this.#part;
  }

  /**
   * @param path Ends in `.mcap` for a single file; anything else is a folder.
   * @throws EffvitError BAD_ARGUMENT: a folder of that name exists; IO_FAILED
   */
  static async prepare(path: string): Promise<BagTarget> {
    const target = new BagTarget(path);
    await target.#refuseFullFolder();
    try {
      await makeFolder(target.#isFolder ? target.#part : dirname(target.path));
    } catch (error) {
      throw asEffvitError(error, 'IO_FAILED', `Cannot write ${target.path}`, { file: target.path });
    }
    removeAtExit(target.#part);
    return target;
  }

  /** Name of the storage file. */
  get fileName(): string {
    const name = basename(this.path);
    return this.#isFolder ? `${name}_0.mcap` : name;
  }

  /** Moves the written file to its final path. @throws EffvitError IO_FAILED, BAD_ARGUMENT */
  async finish(bag: WrittenBag): Promise<void> {
    await this.#refuseFullFolder();
    try {
      if (this.#isFolder)
        await writeFile(join(this.#part, 'metadata.yaml'), bagMetadataYaml(bag), { flush: true });
      await rename(this.#part, this.path);
    } catch (error) {
      throw asEffvitError(error, 'IO_FAILED', `Cannot write ${this.path}`, { file: this.path });
    }
    keepAtExit(this.#part);
  }

  /** Removes what was written; idempotent, never throws. */
  async remove(): Promise<void> {
    await rm(this.#part, { recursive: true, force: true }).catch(() => undefined);
    keepAtExit(this.#part);
  }

  async #refuseFullFolder(): Promise<void> {
    const info = await stat(this.path).catch(() => undefined);
    if (info === undefined) return;
    const isInTheWay = this.#isFolder
      ? !info.isDirectory() || (await readdir(this.path)).length > 0
      : info.isDirectory();
    if (isInTheWay) {
      throw fileError(
        'BAD_ARGUMENT',
        this.path,
        `exists already; remove it or name another${this.#isFolder ? ' (a name that ends in .mcap makes a single file)' : ''}`,
      );
    }
  }
}
