import { type FileHandle, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { asEffvitError, type EffvitError, fileError } from '../../core/EffvitError.js';
import { keepAtExit, removeAtExit } from '../../core/processExit.js';
import { makeFolder, temporaryNeighbour } from '../../core/writeFileAtomic.js';
import { METADATA_NAME } from '../BagMetadata.js';

/** What is needed of the file; tests simulate a full disk. */
export type WrittenFile = Pick<FileHandle, 'writeFile' | 'sync' | 'close'>;

/**
 * A new recording: a single `.mcap` file, or a rosbag2 folder with one and its `metadata.yaml`. It is written next to
 * its place under a temporary name and renamed when finished, so that a partial recording is never visible. If the
 * process exits earlier, it is removed.
 */
export class BagTarget {
  /** The finished file or folder, absolute. */
  readonly path: string;
  readonly #isFolder: boolean;
  readonly #part: string;
  #file: WrittenFile | undefined;
  #position = 0n;

  private constructor(path: string) {
    this.path = resolve(path);
    this.#isFolder = !this.path.endsWith('.mcap');
    this.#part = temporaryNeighbour(this.path);
  }

  /**
   * @param path Ends in `.mcap` for a single file; anything else is a folder.
   * @throws EffvitError BAD_ARGUMENT: a folder of that name exists; IO_FAILED
   */
  static async create(
    path: string,
    openFile: (path: string) => Promise<WrittenFile> = (name) => open(name, 'wx'),
  ): Promise<BagTarget> {
    const target = new BagTarget(path);
    await target.#refuseFullFolder();
    const part = target.#part;
    try {
      await makeFolder(target.#isFolder ? part : dirname(target.path));
      removeAtExit(part);
      target.#file = await openFile(target.#isFolder ? join(part, target.fileName) : part);
    } catch (error) {
      await target.remove();
      throw target.asError(error);
    }
    return target;
  }

  /** Name of the storage file. */
  get fileName(): string {
    const name = basename(this.path);
    return this.#isFolder ? `${name}_0.mcap` : name;
  }

  /** Bytes written so far. */
  position(): bigint {
    return this.#position;
  }

  /** Appends to the file. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#file?.writeFile(bytes);
    this.#position += BigInt(bytes.byteLength);
  }

  /** Moves the written file to its final path, with this metadata.yaml. @throws EffvitError IO_FAILED, BAD_ARGUMENT */
  async finish(metadata: string): Promise<void> {
    await this.#refuseFullFolder();
    try {
      await this.#file?.sync();
      await this.#file?.close();
      if (this.#isFolder) await writeFile(join(this.#part, METADATA_NAME), metadata, { flush: true });
      await rename(this.#part, this.path);
    } catch (error) {
      throw this.asError(error);
    }
    keepAtExit(this.#part);
  }

  /** Closes the file and removes what was written; idempotent, never throws. */
  async remove(): Promise<void> {
    await this.#file?.close().catch(() => undefined);
    await rm(this.#part, { recursive: true, force: true }).catch(() => undefined);
    keepAtExit(this.#part);
  }

  /** The error of a failed write. */
  asError(error: unknown): EffvitError {
    return asEffvitError(error, 'IO_FAILED', `Cannot write ${this.path}`, { file: this.path });
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
