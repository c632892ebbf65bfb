import load, { type WasmLz4 } from '@foxglove/wasm-lz4/dist/wasm-lz4.js';
import { isLoaded, decompress as zstdDecompress } from '@foxglove/wasm-zstd';
import { asEffvitError, EffvitError } from '../../core/EffvitError.js';
import type { BagMessages } from '../BagFile.js';
import { type BagWarnings, LostMessages } from '../BagWarnings.js';
import { isZstd, lz4ContentSize, zstdContentSize } from './contentSizes.js';

/** A chunk or message that claims more is rejected: 512 MiB, a hundred times the largest in use. */
export const MOST_CONTENT_BYTES = 2 ** 29;

/**
 * Decompresses one chunk or message.
 *
 * @param compression `zstd`, `lz4`, or empty for none.
 * @param contentBytes The content size that the bag states; undefined if it states none.
 * @throws EffvitError BAD_BAG: corrupted, or larger than stated; UNSUPPORTED: another compression
 */
export async function decompress(
  compression: string,
  bytes: Uint8Array,
  contentBytes: number | undefined,
): Promise<Uint8Array> {
  switch (compression) {
    case '':
    case 'none':
      return bytes;
    case 'zstd':
      return await decompressZstd(bytes, contentBytes);
    case 'lz4':
      return await decompressLz4(bytes, contentBytes);
    default:
      throw new EffvitError(
        'UNSUPPORTED',
        `Compression '${compression}' is not known; zstd and lz4 are read.`,
      );
  }
}

async function decompressZstd(bytes: Uint8Array, claimedBytes: number | undefined): Promise<Uint8Array> {
  const { statedBytes, mostBytes } = zstdContentSize(bytes);
  const expectedBytes = claimedBytes ?? statedBytes;
  const sizeBytes = checkedSize(expectedBytes ?? mostBytes, mostBytes);
  await isLoaded;
  let content: Uint8Array;
  try {
    content = zstdDecompress(bytes, sizeBytes);
  } catch (error) {
    throw asEffvitError(error, 'BAD_BAG', 'zstd data is corrupted');
  }
  return checkedContent(content, expectedBytes);
}

async function decompressLz4(bytes: Uint8Array, claimedBytes: number | undefined): Promise<Uint8Array> {
  const mostBytes = lz4ContentSize(bytes);
  const sizeBytes = checkedSize(claimedBytes ?? mostBytes, mostBytes);
  return checkedContent(await decompressLz4Frame(bytes, sizeBytes), claimedBytes);
}

interface Decoder {
  readonly module: WasmLz4;
  readonly context: number;
}

let decoder: Promise<Decoder> | undefined;

/**
 * Decompresses one LZ4 frame.
 *
 * The package's own function keeps its context after an error and cannot reset it, so that one bad chunk makes every
 * later one fail. Therefore a module is replaced by a new one after an error.
 *
 * @param mostBytes Output limit; the frame may hold less.
 * @throws EffvitError BAD_BAG: corrupted, or larger than the limit
 */
async function decompressLz4Frame(frame: Uint8Array, mostBytes: number): Promise<Uint8Array> {
  decoder ??= load().then((module) => ({ module, context: module._createDecompressionContext() }));
  const { module, context } = await decoder;
  const from = module._malloc(frame.byteLength);
  const to = module._malloc(Math.max(mostBytes, 1));
  try {
    if (from === 0 || to === 0)
      throw new EffvitError('BAD_BAG', `No memory for ${mostBytes} bytes of LZ4 data.`);
    module.HEAPU8.set(frame, from);
    const sizeBytes = module._decompressFrame(context, to, mostBytes, from, frame.byteLength);
    if (sizeBytes < 0 || sizeBytes > mostBytes) throw new EffvitError('BAD_BAG', 'LZ4 data is corrupted.');
    return module.HEAPU8.slice(to, to + sizeBytes);
  } catch (error) {
    decoder = undefined;
    throw error;
  } finally {
    module._free(from);
    module._free(to);
  }
}

function checkedSize(claimedBytes: number, mostBytes: number): number {
  if (claimedBytes > mostBytes) {
    throw badData(`claims ${claimedBytes} bytes but can hold ${mostBytes} at most`);
  }
  if (claimedBytes > MOST_CONTENT_BYTES) {
    throw badData(`claims ${claimedBytes} bytes; at most ${MOST_CONTENT_BYTES} are read`);
  }
  return claimedBytes;
}

function checkedContent(content: Uint8Array, expectedBytes: number | undefined): Uint8Array {
  if (expectedBytes === undefined || content.byteLength === expectedBytes) return content;
  throw badData(`holds ${content.byteLength} bytes where ${expectedBytes} are stated`);
}

function badData(what: string): EffvitError {
  return new EffvitError('BAD_BAG', `Compressed data ${what}.`);
}

/**
 * Undoes rosbag2's compression mode `message`. Checks each message, because a storage file alone does not say whether
 * its messages are compressed: CDR starts with a zero byte, zstd never does.
 */
export async function* decompressedMessages(
  messages: BagMessages,
  path: string,
  warnings: BagWarnings,
): BagMessages {
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
