import { MCAP_MAGIC } from '@mcap/core';
import { EffvitError, fileError } from '../../core/EffvitError.js';
import {
  type BagFile,
  type BagMessageFilter,
  type BagMessages,
  type BagTopic,
  compareTimes,
  mergedTopics,
  type RawBagMessage,
  timeSpan,
} from '../BagFile.js';
import type { BagWarnings } from '../BagWarnings.js';
import { mergeByLogTime } from '../mergeByLogTime.js';
import { RandomAccessFile } from '../RandomAccessFile.js';
import { McapScan } from './McapScan.js';
import { type McapLayout, type McapSegment, readMcapIndex } from './readMcapIndex.js';
import { parseMcapRecords, readMcapSegment } from './readMcapSegment.js';

/**
 * Chunks with overlapping times are held in memory while they are merged; above this limit the order is no longer
 * exact.
 */
const MOST_HELD_BYTES = 2 ** 29;

/** An MCAP file (mcap.dev/spec), with or without index, chunks and compression. */
export class McapBagFile implements BagFile {
  readonly path: string;
  readonly topics: readonly BagTopic[];
  readonly startNs: bigint | undefined;
  readonly endNs: bigint | undefined;
  readonly #file: RandomAccessFile;
  readonly #layout: McapLayout;
  readonly #warnings: BagWarnings;
  /** In the file's order. */
  readonly #segments: readonly McapSegment[];

  private constructor(file: RandomAccessFile, layout: McapLayout, warnings: BagWarnings) {
    this.path = file.path;
    this.#file = file;
    this.#layout = layout;
    this.#warnings = warnings;
    this.#segments = layout.segments
      .filter(({ messageCount }) => messageCount !== 0)
      .sort((a, b) => a.offsetBytes - b.offsetBytes);
    ({ startNs: this.startNs, endNs: this.endNs } = timeSpan(this.#segments));
    this.topics = topicsOf(layout);
  }

  /** @throws EffvitError NOT_FOUND, BAD_BAG (no MCAP file), IO_FAILED */
  static async open(path: string, warnings: BagWarnings): Promise<McapBagFile> {
    const file = await RandomAccessFile.open(path);
    try {
      const magic = await file.peek(0, MCAP_MAGIC.length);
      if (!MCAP_MAGIC.every((byte, at) => magic[at] === byte)) {
        throw fileError('BAD_BAG', path, 'does not begin as an MCAP file');
      }
      return new McapBagFile(file, await layoutOf(file, warnings), warnings);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  messages(filter: BagMessageFilter): BagMessages {
    const held = { bytes: 0 };
    const isFull = (): boolean => {
      if (held.bytes <= MOST_HELD_BYTES) return false;
      this.#warnings.add(
        `${this.path} has chunks whose times overlap so much that their messages are not in order.`,
      );
      return true;
    };
    const sources = this.#segments
      .filter((segment) => this.#overlaps(segment, filter))
      .map((segment) => ({
        startNs: segment.startNs,
        open: () => this.#segmentMessages(segment, filter, held),
      }));
    return mergeByLogTime(sources, isFull);
  }

  async *#segmentMessages(
    segment: McapSegment,
    filter: BagMessageFilter,
    held: { bytes: number },
  ): BagMessages {
    const bytes = await this.#read(segment);
    if (bytes === undefined) return;
    const messages = this.#matching(segment, bytes, filter);
    held.bytes += bytes.byteLength;
    try {
      for (const message of messages) yield message;
    } finally {
      held.bytes -= bytes.byteLength;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #overlaps({ startNs, endNs, channelIds }: McapSegment, { topics, ...times }: BagMessageFilter): boolean {
    if (endNs < (times.startNs ?? endNs) || startNs > (times.endNs ?? startNs)) return false;
    if (topics === undefined || channelIds === undefined) return true;
    return [...channelIds].some((id) => topics.has(this.#layout.channels.get(id)?.topic ?? ''));
  }

  /** Undefined, with a warning, if the segment cannot be read. */
  async #read(segment: McapSegment): Promise<Uint8Array | undefined> {
    try {
      return await readMcapSegment(this.#file, segment);
    } catch (error) {
      if (error instanceof EffvitError && ['CLOSED', 'IO_FAILED'].includes(error.code)) throw error;
      const lost =
        segment.messageCount === undefined ? 'its messages' : `its ${segment.messageCount} messages`;
      this.#warnings.add(
        `The chunk in ${this.path} at byte ${segment.offsetBytes} cannot be read (${(error as Error).message}): ${lost} are missing.`,
      );
      return undefined;
    }
  }

  /** The messages of a segment's records that the filter takes, in log-time order. */
  #matching({ offsetBytes }: McapSegment, bytes: Uint8Array, filter: BagMessageFilter): RawBagMessage[] {
    const { messages, problem } = parseMcapRecords(bytes);
    if (problem !== undefined) {
      this.#warnings.add(
        `The chunk in ${this.path} at byte ${offsetBytes} is corrupted (${problem}): ${messages.length} of its messages are read.`,
      );
    }
    const { topics, startNs, endNs } = filter;
    const matching: RawBagMessage[] = [];
    for (const { channelId, logTimeNs, publishTimeNs, sequence, data } of messages) {
      const channel = this.#layout.channels.get(channelId);
      if (channel === undefined) {
        this.#warnings.add(
          `${this.path} has messages of channel ${channelId}, which it does not describe: they are missing.`,
        );
        continue;
      }
      const { topic, schemaId, messageEncoding: encoding } = channel;
      if (topics !== undefined && !topics.has(topic)) continue;
      if (logTimeNs < (startNs ?? logTimeNs) || logTimeNs > (endNs ?? logTimeNs)) continue;
      const type = this.#layout.schemas.get(schemaId)?.name ?? '';
      matching.push({ topic, type, encoding, logTimeNs, publishTimeNs, sequence, data });
    }
    // The sort is stable, so messages of equal time keep the file's order.
    return matching.sort((a, b) => compareTimes(a.logTimeNs, b.logTimeNs));
  }
}

async function layoutOf(file: RandomAccessFile, warnings: BagWarnings): Promise<McapLayout> {
  try {
    return await readMcapIndex(file);
  } catch (error) {
    if (error instanceof EffvitError && error.code === 'IO_FAILED') throw error;
    // A complete file without an index needs no warning; the scan itself reports missing parts.
    return await new McapScan(file, warnings).scan();
  }
}

/** A topic with several publishers has several channels. */
function topicsOf({ channels, schemas, messageCounts }: McapLayout): BagTopic[] {
  return mergedTopics(
    [...channels].map(([id, channel]) => ({
      name: channel.topic,
      type: schemas.get(channel.schemaId)?.name ?? '',
      encoding: channel.messageEncoding,
      messageCount: messageCounts && (messageCounts.get(id) ?? 0),
      qos: channel.metadata.get('offered_qos_profiles') || undefined,
    })),
  );
}
