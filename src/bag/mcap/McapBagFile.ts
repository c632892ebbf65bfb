import { MCAP_MAGIC } from '@mcap/core';
import { EffvitError } from '../../core/EffvitError.js';
import type { BagFile, BagMessageFilter, BagTopic } from '../BagFile.js';
import type { BagWarnings } from '../BagWarnings.js';
import { RandomAccessFile } from '../RandomAccessFile.js';
import type { RawBagMessage } from '../RawBagMessage.js';
import type { McapLayout, McapSegment } from './McapLayout.js';
import { McapScan } from './McapScan.js';
import { type McapMessageView, parseMcapRecords } from './parseMcapRecords.js';
import { readMcapIndex } from './readMcapIndex.js';
import { readMcapSegment } from './readMcapSegment.js';

/**
 * Chunks with overlapping times are held in memory while they are merged; above this limit the order is no longer
 * exact.
 */
const MOST_HELD_BYTES = 2 ** 29;

/** A segment whose messages are being yielded. */
interface OpenSegment {
  /** Keeps the file's order for messages of equal time. */
  readonly offsetBytes: number;
  readonly messages: readonly McapMessageView[];
  readonly bytes: number;
  next: number;
}

/** An MCAP file (mcap.dev/spec), with or without index, chunks and compression. */
export class McapBagFile implements BagFile {
  readonly path: string;
  readonly topics: readonly BagTopic[];
  readonly startNs: bigint | undefined;
  readonly endNs: bigint | undefined;
  readonly #file: RandomAccessFile;
  readonly #layout: McapLayout;
  readonly #warnings: BagWarnings;
  /** Ordered by start time. */
  readonly #segments: readonly McapSegment[];

  private constructor(file: RandomAccessFile, layout: McapLayout, warnings: BagWarnings) {
    this.path = file.path;
    this.#file = file;
    this.#layout = layout;
    this.#warnings = warnings;
    const withMessages = layout.segments.filter(({ messageCount }) => messageCount !== 0);
    this.#segments = withMessages.sort((a, b) => compare(a.startNs, b.startNs));
    this.startNs = this.#segments[0]?.startNs;
    this.endNs = withMessages.reduce<bigint | undefined>(
      (latest, { endNs }) => (latest === undefined || endNs > latest ? endNs : latest),
      undefined,
    );
    this.topics = topicsOf(layout);
  }

  /** @throws EffvitError NOT_FOUND, BAD_BAG (no MCAP file), IO_FAILED */
  static async open(path: string, warnings: BagWarnings): Promise<McapBagFile> {
    const file = await RandomAccessFile.open(path);
    try {
      const magic = await file.peek(0, MCAP_MAGIC.length);
      if (!MCAP_MAGIC.every((byte, at) => magic[at] === byte)) {
        throw new EffvitError('BAD_BAG', `${path} does not begin as an MCAP file.`, {
          context: { file: path },
        });
      }
      return new McapBagFile(file, await layoutOf(file, warnings), warnings);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async *messages(filter: BagMessageFilter): AsyncGenerator<RawBagMessage, void, undefined> {
    const waiting = this.#segments.filter((segment) => this.#overlaps(segment, filter));
    let nextWaiting = 0;
    let heldBytes = 0;
    const open: OpenSegment[] = [];
    for (;;) {
      let first = earliest(open);
      for (;;) {
        const segment = waiting[nextWaiting];
        if (segment === undefined) break;
        if (first !== undefined) {
          if (segment.startNs > headTimeNs(first)) break;
          if (heldBytes > MOST_HELD_BYTES) {
            this.#warnings.add(
              `${this.path} has chunks whose times overlap so much that their messages are not in order.`,
            );
            break;
          }
        }
        nextWaiting += 1;
        const loaded = await this.#load(segment, filter);
        if (loaded === undefined) continue;
        open.push(loaded);
        heldBytes += loaded.bytes;
        first = earliest(open);
      }
      const message = first?.messages[first.next];
      if (first === undefined || message === undefined) return;
      yield this.#asBagMessage(message);
      first.next += 1;
      if (first.next >= first.messages.length) {
        heldBytes -= first.bytes;
        open.splice(open.indexOf(first), 1);
      }
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #overlaps(segment: McapSegment, filter: BagMessageFilter): boolean {
    if (filter.startNs !== undefined && segment.endNs < filter.startNs) return false;
    if (filter.endNs !== undefined && segment.startNs > filter.endNs) return false;
    if (filter.topics === undefined || segment.channelIds === undefined) return true;
    for (const id of segment.channelIds) {
      const topic = this.#layout.channels.get(id)?.topic;
      if (topic !== undefined && filter.topics.has(topic)) return true;
    }
    return false;
  }

  async #load(segment: McapSegment, filter: BagMessageFilter): Promise<OpenSegment | undefined> {
    const where = `${this.path} at byte ${segment.offsetBytes}`;
    const lost = segment.messageCount === undefined ? 'its messages' : `its ${segment.messageCount} messages`;
    let bytes: Uint8Array;
    try {
      bytes = await readMcapSegment(this.#file, segment);
    } catch (error) {
      if (error instanceof EffvitError && (error.code === 'CLOSED' || error.code === 'IO_FAILED'))
        throw error;
      this.#warnings.add(
        `The chunk in ${where} cannot be read (${(error as Error).message}): ${lost} are missing.`,
      );
      return undefined;
    }
    const { messages, problem } = parseMcapRecords(bytes);
    if (problem !== undefined) {
      this.#warnings.add(
        `The chunk in ${where} is corrupted (${problem}): ${messages.length} of its messages are read.`,
      );
    }
    const matching = messages.filter((message) => this.#matches(message, filter));
    if (matching.length === 0) return undefined;
    // The sort is stable, so messages of equal time keep the file's order.
    matching.sort((a, b) => compare(a.logTimeNs, b.logTimeNs));
    return { offsetBytes: segment.offsetBytes, messages: matching, bytes: bytes.byteLength, next: 0 };
  }

  #matches(message: McapMessageView, filter: BagMessageFilter): boolean {
    const channel = this.#layout.channels.get(message.channelId);
    if (channel === undefined) {
      this.#warnings.add(
        `${this.path} has messages of channel ${message.channelId}, which it does not describe: they are missing.`,
      );
      return false;
    }
    return (
      (filter.topics === undefined || filter.topics.has(channel.topic)) &&
      (filter.startNs === undefined || message.logTimeNs >= filter.startNs) &&
      (filter.endNs === undefined || message.logTimeNs <= filter.endNs)
    );
  }

  #asBagMessage(message: McapMessageView): RawBagMessage {
    const channel = this.#layout.channels.get(message.channelId);
    return {
      topic: channel?.topic ?? '',
      type: this.#layout.schemas.get(channel?.schemaId ?? 0)?.name ?? '',
      encoding: channel?.messageEncoding ?? '',
      logTimeNs: message.logTimeNs,
      publishTimeNs: message.publishTimeNs,
      sequence: message.sequence,
      data: message.data,
    };
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

function topicsOf(layout: McapLayout): BagTopic[] {
  const topics = new Map<string, BagTopic>();
  for (const [id, channel] of layout.channels) {
    const count = layout.messageCounts === undefined ? undefined : (layout.messageCounts.get(id) ?? 0);
    // A topic with several publishers has several channels.
    const known = topics.get(channel.topic);
    const knownCount = known === undefined ? 0 : known.messageCount;
    const qos = channel.metadata.get('offered_qos_profiles') || known?.qos;
    topics.set(channel.topic, {
      name: channel.topic,
      type: known?.type || (layout.schemas.get(channel.schemaId)?.name ?? ''),
      encoding: known?.encoding || channel.messageEncoding,
      messageCount: count === undefined || knownCount === undefined ? undefined : knownCount + count,
      ...(qos ? { qos } : {}),
    });
  }
  return [...topics.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function headTimeNs(segment: OpenSegment): bigint {
  return segment.messages[segment.next]?.logTimeNs ?? 0n;
}

function earliest(open: readonly OpenSegment[]): OpenSegment | undefined {
  let best: OpenSegment | undefined;
  for (const segment of open) {
    if (best === undefined) best = segment;
    else {
      const order = compare(headTimeNs(segment), headTimeNs(best)) || segment.offsetBytes - best.offsetBytes;
      if (order < 0) best = segment;
    }
  }
  return best;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
