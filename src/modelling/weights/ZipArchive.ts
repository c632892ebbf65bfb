import yauzl from 'yauzl';
import { EffvitError } from '../../core/EffvitError.js';

/** An opened zip file. Close it. */
export class ZipArchive {
  readonly names: readonly string[];
  readonly #path: string;
  readonly #file: yauzl.ZipFile;
  readonly #entries: ReadonlyMap<string, yauzl.Entry>;

  private constructor(path: string, file: yauzl.ZipFile, entries: ReadonlyMap<string, yauzl.Entry>) {
    this.#path = path;
    this.#file = file;
    this.#entries = entries;
    this.names = [...entries.keys()];
  }

  /** @throws EffvitError NOT_FOUND, BAD_WEIGHTS */
  static async open(path: string): Promise<ZipArchive> {
    try {
      const file = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false });
      try {
        const entries = new Map<string, yauzl.Entry>();
        for await (const entry of file.eachEntry()) entries.set(entry.fileName, entry);
        return new ZipArchive(path, file, entries);
      } catch (error) {
        file.close();
        throw error;
      }
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        throw new EffvitError('NOT_FOUND', `No weights file at ${path}.`, { cause: error });
      }
      throw new EffvitError('BAD_WEIGHTS', `${path} is not a whole zip file, as torch.save writes it.`, {
        cause: error,
      });
    }
  }

  /**
   * One entry as it is stored; its checksum is not compared.
   *
   * @throws EffvitError BAD_WEIGHTS where it is missing, compressed (torch.save never does), or larger than
   *   `largestBytes`
   */
  async read(name: string, largestBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const entry = this.#entries.get(name);
    const fail = (reason: string, cause?: unknown): EffvitError =>
      new EffvitError('BAD_WEIGHTS', `${this.#path} cannot be read: its entry ${name} ${reason}.`, { cause });
    if (entry === undefined) throw fail('is missing');
    if (entry.compressionMethod !== 0) throw fail('is compressed, which torch.save never does');
    if (entry.uncompressedSize > largestBytes) throw fail(`has ${entry.uncompressedSize} bytes`);
    try {
      const bytes = new Uint8Array(entry.uncompressedSize);
      let filled = 0;
      for await (const piece of await this.#file.openReadStreamPromise(entry)) {
        bytes.set(piece as Buffer, filled);
        filled += (piece as Buffer).length;
      }
      if (filled !== bytes.length) throw fail('is cut short');
      return bytes;
    } catch (error) {
      if (error instanceof EffvitError) throw error;
      throw fail('is broken', error);
    }
  }

  close(): void {
    this.#file.close();
  }
}
