import type { TemporaryFolder } from '../core/TemporaryFolder.js';
import type { BagFile, BagMessageFilter, BagTopic } from './BagFile.js';
import type { RawBagMessage } from './RawBagMessage.js';

/** A storage file in a temporary folder, with the name of its original. */
export class TemporaryBagFile implements BagFile {
  readonly path: string;
  readonly #file: BagFile;
  readonly #folder: TemporaryFolder;

  constructor(path: string, file: BagFile, folder: TemporaryFolder) {
    this.path = path;
    this.#file = file;
    this.#folder = folder;
  }

  get topics(): readonly BagTopic[] {
    return this.#file.topics;
  }

  get startNs(): bigint | undefined {
    return this.#file.startNs;
  }

  get endNs(): bigint | undefined {
    return this.#file.endNs;
  }

  messages(filter: BagMessageFilter): AsyncGenerator<RawBagMessage, void, undefined> {
    return this.#file.messages(filter);
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#folder.remove();
  }
}
