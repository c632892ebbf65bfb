import { EffvitError } from '../core/EffvitError.js';
import type { BagFile, BagMessageFilter, BagTopic } from './BagFile.js';
import type { BagWarnings } from './BagWarnings.js';
import type { RawBagMessage } from './RawBagMessage.js';

/** A file's facts from `metadata.yaml`, known without opening it. */
export interface LazyBagFileInfo {
  readonly path: string;
  readonly topics: readonly BagTopic[];
  readonly startNs: bigint | undefined;
  readonly endNs: bigint | undefined;
}

/**
 * A file that is opened when its first message is requested. Opening a compressed file writes an uncompressed copy to
 * the disk, and a recording with many of them should not wait for all copies.
 */
export class LazyBagFile implements BagFile {
  readonly path: string;
  readonly topics: readonly BagTopic[];
  readonly startNs: bigint | undefined;
  readonly endNs: bigint | undefined;
  readonly #open: () => Promise<BagFile>;
  readonly #warnings: BagWarnings;
  #file: Promise<BagFile> | undefined;
  #isClosed = false;

  constructor(info: LazyBagFileInfo, open: () => Promise<BagFile>, warnings: BagWarnings) {
    this.path = info.path;
    this.topics = info.topics;
    this.startNs = info.startNs;
    this.endNs = info.endNs;
    this.#open = open;
    this.#warnings = warnings;
  }

  async *messages(filter: BagMessageFilter): AsyncGenerator<RawBagMessage, void, undefined> {
    if (this.#isClosed)
      throw new EffvitError('CLOSED', `${this.path} was closed while it was read.`, {
        context: { file: this.path },
      });
    this.#file ??= this.#open();
    let file: BagFile;
    try {
      file = await this.#file;
    } catch (error) {
      if (!(error instanceof EffvitError) || error.code === 'IO_FAILED') throw error;
      this.#warnings.add(`${this.path} is missing from the bag: ${error.message}`);
      return;
    }
    yield* file.messages(filter);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const file = await this.#file?.catch(() => undefined);
    await file?.close();
  }
}
