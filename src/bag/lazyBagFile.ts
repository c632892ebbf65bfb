import { EffvitError, fileError } from '../core/EffvitError.js';
import type { BagFile } from './BagFile.js';
import type { BagWarnings } from './BagWarnings.js';

/**
 * A file that is opened when its first message is requested. Opening a compressed file writes an uncompressed copy to
 * the disk, and a recording with many of them should not wait for all copies.
 *
 * @param facts From `metadata.yaml`, known without opening the file.
 */
export function lazyBagFile(
  facts: Pick<BagFile, 'path' | 'topics' | 'startNs' | 'endNs'>,
  open: () => Promise<BagFile>,
  warnings: BagWarnings,
): BagFile {
  const { path } = facts;
  let opened: Promise<BagFile> | undefined;
  let isClosed = false;
  return {
    ...facts,
    async *messages(filter) {
      if (isClosed) {
        throw fileError('CLOSED', path, 'was closed while it was read');
      }
      opened ??= open();
      let file: BagFile;
      try {
        file = await opened;
      } catch (error) {
        if (!(error instanceof EffvitError) || error.code === 'IO_FAILED') throw error;
        warnings.add(`${path} is missing from the bag: ${error.message}`);
        return;
      }
      yield* file.messages(filter);
    },
    async close() {
      isClosed = true;
      const file = await opened?.catch(() => undefined);
      await file?.close();
    },
  };
}
