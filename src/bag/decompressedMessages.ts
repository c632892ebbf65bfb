import { EffvitError } from '../core/EffvitError.js';
import type { BagWarnings } from './BagWarnings.js';
import { decompress } from './compression/decompress.js';
import { isZstd } from './compression/zstdContentSize.js';
import { LostMessages } from './LostMessages.js';
import type { RawBagMessage } from './RawBagMessage.js';

/**
 * Undoes rosbag2's compression mode `message`. Checks each message, because a storage file alone does not say whether
 * its messages are compressed: CDR starts with a zero byte, zstd never does.
 */
export async function* decompressedMessages(
  messages: AsyncGenerator<RawBagMessage, void, undefined>,
  path: string,
  warnings: BagWarnings,
): AsyncGenerator<RawBagMessage, void, undefined> {
  const lost = new LostMessages(warnings);
  try {
    for await (const message of messages) {
      if ((message.encoding !== 'cdr' && message.encoding !== '') || !isZstd(message.data)) {
        yield message;
        continue;
      }
      let data: Uint8Array;
      try {
        data = await decompress('zstd', message.data, undefined);
      } catch (error) {
        if (!(error instanceof EffvitError)) throw error;
        lost.add(error.message);
        continue;
      }
      yield { ...message, data };
    }
  } finally {
    lost.warn(`compressed messages of ${path}`);
  }
}
