import type { McapTypes } from '@mcap/core';
import type { RandomAccessFile } from '../RandomAccessFile.js';
import type { McapLayout, McapSegment } from './McapLayout.js';
import { type McapRecords, parseMcapRecords } from './parseMcapRecords.js';
import { readMcapSegment } from './readMcapSegment.js';

/** Records outside of chunks are read together up to this size. */
const RUN_BYTES = 4 * 1024 * 1024;

interface FoundMessage {
  readonly offset: number;
  readonly lengthBytes: number;
  readonly channelId: number;
  readonly logTimeNs: bigint;
}

/** Collects what a scan of an MCAP file finds. */
export class McapLayoutBuilder {
  readonly #segments: McapSegment[] = [];
  readonly #channels = new Map<number, McapTypes.Channel>();
  readonly #schemas = new Map<number, McapTypes.Schema>();
  readonly #counts = new Map<number, number>();
  /** The messages outside of chunks that are not in a segment yet. */
  #run: (McapSegment & { readonly channelIds: Set<number>; readonly messageCount: number }) | undefined;

  /** Grows with what is added. */
  readonly layout: McapLayout = {
    segments: this.#segments,
    channels: this.#channels,
    schemas: this.#schemas,
    messageCounts: this.#counts,
  };

  /** Adds a message outside of a chunk; it follows the one before it, unless {@link endRun} was called. */
  addMessage({ offset, lengthBytes, channelId, logTimeNs }: FoundMessage): void {
    if (this.#run !== undefined && this.#run.lengthBytes + lengthBytes > RUN_BYTES) this.endRun();
    const run = this.#run;
    this.#run = {
      kind: 'records',
      offsetBytes: run?.offsetBytes ?? offset,
      lengthBytes: (run?.lengthBytes ?? 0) + lengthBytes,
      startNs: run !== undefined && run.startNs < logTimeNs ? run.startNs : logTimeNs,
      endNs: run !== undefined && run.endNs > logTimeNs ? run.endNs : logTimeNs,
      messageCount: (run?.messageCount ?? 0) + 1,
      channelIds: (run?.channelIds ?? new Set()).add(channelId),
    };
    this.count(channelId, 1);
  }

  endRun(): void {
    if (this.#run !== undefined) this.add(this.#run);
    this.#run = undefined;
  }

  add(segment: McapSegment): void {
    this.#segments.push(segment);
  }

  /** Reads a segment's records, and adds the channels and schemas among them. */
  async read(file: RandomAccessFile, segment: McapSegment): Promise<McapRecords> {
    const records = parseMcapRecords(await readMcapSegment(file, segment));
    for (const schema of records.schemas) this.addSchema(schema);
    for (const channel of records.channels) this.addChannel(channel);
    return records;
  }

  /** The first of several with one id counts. */
  addChannel(channel: McapTypes.Channel): void {
    if (!this.#channels.has(channel.id)) this.#channels.set(channel.id, channel);
  }

  addSchema(schema: McapTypes.Schema): void {
    if (!this.#schemas.has(schema.id)) this.#schemas.set(schema.id, schema);
  }

  /** Adds to the number of a channel's messages. */
  count(channelId: number, count: number): void {
    this.#counts.set(channelId, (this.#counts.get(channelId) ?? 0) + count);
  }
}
