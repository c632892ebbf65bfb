import { type McapTypes, Opcode } from '@mcap/core';
import type { BagWarnings } from '../BagWarnings.js';
import type { RandomAccessFile } from '../RandomAccessFile.js';
import type { McapLayout, McapSegment } from './McapLayout.js';
import {
  type McapRecords,
  parseMcapRecords,
  parseSmallRecord,
  RECORD_HEADER_BYTES,
} from './parseMcapRecords.js';
import {
  CHUNK_HEADER_BYTES,
  type McapChunkHeader,
  parseMcapChunkHeader,
  readMcapSegment,
} from './readMcapSegment.js';

const MAGIC_BYTES = 8;

/** Records outside of chunks are read together up to this size. */
const RUN_BYTES = 4 * 1024 * 1024;

/** A schema or channel record is text; a larger one is treated as corrupted. */
const MOST_SMALL_RECORD_BYTES = 2 ** 24;

/** The longest name of a compression that is read. */
const MOST_COMPRESSION_NAME_BYTES = 64;

/** Of a segment that was not read yet. */
const UNKNOWN = { channelIds: undefined, messageCount: undefined };

interface RunningRun {
  offsetBytes: number;
  lengthBytes: number;
  startNs: bigint;
  endNs: bigint;
  messageCount: number;
  channelIds: Set<number>;
}

interface OpenChunk {
  readonly segment: McapSegment;
  readonly channelIds: Set<number>;
  messageCount: number;
  hasIndex: boolean;
}

/**
 * Finds the content of an MCAP file by scanning its records, for files whose index is missing (truncated while
 * recording), corrupted, or was never written. Message data is skipped, not read; a chunk is read only if the records
 * after it do not name its channels.
 */
export class McapScan {
  readonly #file: RandomAccessFile;
  readonly #warnings: BagWarnings;
  readonly #segments: McapSegment[] = [];
  readonly #channels = new Map<number, McapTypes.Channel>();
  readonly #schemas = new Map<number, McapTypes.Schema>();
  readonly #counts = new Map<number, number>();
  #run: RunningRun | undefined;
  #chunk: OpenChunk | undefined;

  constructor(file: RandomAccessFile, warnings: BagWarnings) {
    this.#file = file;
    this.#warnings = warnings;
  }

  async scan(): Promise<McapLayout> {
    let offset = MAGIC_BYTES;
    let isEnded = false;
    while (!isEnded && offset < this.#file.sizeBytes) {
      const head = viewOf(await this.#file.peek(offset, RECORD_HEADER_BYTES));
      const left = this.#file.sizeBytes - offset;
      isEnded = true;
      if (head.byteLength < RECORD_HEADER_BYTES) this.#stop(offset, 'it is cut off there');
      else if (head.getUint8(0) === 0) this.#stop(offset, 'no record begins there');
      else {
        const opcode = head.getUint8(0);
        const contentBytes = head.getBigUint64(1, true);
        const lengthBytes = RECORD_HEADER_BYTES + Number(contentBytes);
        if (contentBytes > BigInt(left - RECORD_HEADER_BYTES)) {
          await this.#cutOff(offset, opcode, contentBytes);
        } else isEnded = await this.#record(opcode, offset, lengthBytes);
        offset += lengthBytes;
      }
    }
    await this.#endChunk();
    this.#endRun();
    if (!isEnded) this.#warnings.add(`${this.#file.path} was not closed by its recorder; it ends cleanly.`);
    return {
      segments: this.#segments,
      channels: this.#channels,
      schemas: this.#schemas,
      messageCounts: this.#counts,
    };
  }

  /** @returns True if the data section ends with this record. */
  async #record(opcode: number, offset: number, lengthBytes: number): Promise<boolean> {
    if (opcode !== Opcode.MESSAGE_INDEX) await this.#endChunk();
    switch (opcode) {
      case Opcode.MESSAGE:
        await this.#message(offset, lengthBytes);
        return false;
      case Opcode.CHUNK:
        this.#endRun();
        await this.#beginChunk(offset, lengthBytes);
        return false;
      case Opcode.MESSAGE_INDEX:
        await this.#messageIndex(offset, lengthBytes);
        return false;
      case Opcode.SCHEMA:
      case Opcode.CHANNEL:
        this.#endRun();
        await this.#smallRecord(offset, lengthBytes);
        return false;
      case Opcode.DATA_END:
      case Opcode.FOOTER:
        return true;
      default:
        // Header, attachments, metadata and private records are not needed.
        this.#endRun();
        return false;
    }
  }

  async #message(offset: number, lengthBytes: number): Promise<void> {
    const head = await this.#file.peek(offset, RECORD_HEADER_BYTES + 22);
    if (lengthBytes < RECORD_HEADER_BYTES + 22) {
      this.#warnings.add(`${this.#file.path} has a message without content at byte ${offset}.`);
      return;
    }
    const view = viewOf(head);
    const channelId = view.getUint16(RECORD_HEADER_BYTES, true);
    const logTimeNs = view.getBigUint64(RECORD_HEADER_BYTES + 6, true);
    if (this.#run !== undefined && this.#run.lengthBytes + lengthBytes > RUN_BYTES) this.#endRun();
    this.#run ??= {
      offsetBytes: offset,
      lengthBytes: 0,
      startNs: logTimeNs,
      endNs: logTimeNs,
      messageCount: 0,
      channelIds: new Set(),
    };
    const run = this.#run;
    run.lengthBytes += lengthBytes;
    run.messageCount += 1;
    run.channelIds.add(channelId);
    if (logTimeNs < run.startNs) run.startNs = logTimeNs;
    if (logTimeNs > run.endNs) run.endNs = logTimeNs;
    this.#count(channelId, 1);
  }

  #endRun(): void {
    if (this.#run === undefined) return;
    this.#segments.push({ kind: 'records', ...this.#run });
    this.#run = undefined;
  }

  async #beginChunk(offset: number, lengthBytes: number): Promise<void> {
    try {
      const { startNs, endNs } = await this.#chunkHeader(offset);
      const segment = {
        kind: 'chunk',
        offsetBytes: offset,
        lengthBytes,
        startNs,
        endNs,
        ...UNKNOWN,
      } as const;
      this.#chunk = { segment, channelIds: new Set(), messageCount: 0, hasIndex: false };
    } catch (error) {
      this.#warnings.add(
        `${this.#file.path} has a chunk at byte ${offset} that cannot be read: ${(error as Error).message}.`,
      );
    }
  }

  async #chunkHeader(offset: number): Promise<McapChunkHeader> {
    const headBytes = RECORD_HEADER_BYTES + CHUNK_HEADER_BYTES + MOST_COMPRESSION_NAME_BYTES + 8;
    return parseMcapChunkHeader(await this.#file.peek(offset, headBytes));
  }

  async #messageIndex(offset: number, lengthBytes: number): Promise<void> {
    if (this.#chunk === undefined || lengthBytes < RECORD_HEADER_BYTES + 6) return;
    const head = await this.#file.peek(offset, RECORD_HEADER_BYTES + 6);
    const view = viewOf(head);
    const channelId = view.getUint16(RECORD_HEADER_BYTES, true);
    // Sixteen bytes an entry: log time and offset.
    const count = Math.floor(view.getUint32(RECORD_HEADER_BYTES + 2, true) / 16);
    this.#chunk.hasIndex = true;
    if (count === 0 || count * 16 > lengthBytes) return;
    this.#chunk.channelIds.add(channelId);
    this.#chunk.messageCount += count;
    this.#count(channelId, count);
  }

  async #endChunk(): Promise<void> {
    const chunk = this.#chunk;
    if (chunk === undefined) return;
    this.#chunk = undefined;
    const { segment } = chunk;
    const isKnown = chunk.hasIndex && [...chunk.channelIds].every((id) => this.#channels.has(id));
    if (isKnown) {
      this.#segments.push({ ...segment, channelIds: chunk.channelIds, messageCount: chunk.messageCount });
      return;
    }
    try {
      const { messages } = await this.#readSegment(segment);
      for (const { channelId } of messages) {
        chunk.channelIds.add(channelId);
        if (!chunk.hasIndex) this.#count(channelId, 1);
      }
      this.#segments.push({ ...segment, channelIds: chunk.channelIds, messageCount: messages.length });
    } catch {
      // Kept, so that reading it reports the damage; its messages may belong to any channel.
      this.#segments.push(segment);
    }
  }

  async #smallRecord(offset: number, lengthBytes: number): Promise<void> {
    if (lengthBytes > MOST_SMALL_RECORD_BYTES) {
      this.#warnings.add(
        `${this.#file.path} has a channel of ${lengthBytes} bytes at byte ${offset}; skipped.`,
      );
      return;
    }
    try {
      const record = parseSmallRecord(await this.#file.read(offset, lengthBytes));
      if (record?.type === 'Channel') this.#addChannel(record);
      else if (record?.type === 'Schema') this.#addSchema(record);
    } catch (error) {
      this.#warnings.add(
        `${this.#file.path} has a corrupted channel at byte ${offset}: ${(error as Error).message}.`,
      );
    }
  }

  /** Handles an incomplete last record. An uncompressed chunk still contains complete messages. */
  async #cutOff(offset: number, opcode: number, contentBytes: bigint): Promise<void> {
    await this.#endChunk();
    this.#endRun();
    const left = this.#file.sizeBytes - offset - RECORD_HEADER_BYTES;
    if (opcode === Opcode.CHUNK && (await this.#partOfChunk(offset))) {
      this.#warnings.add(
        `${this.#file.path} is cut off within its last chunk (${left} of ${contentBytes} bytes): the whole messages in it are read, unchecked.`,
      );
      return;
    }
    this.#stop(offset, `a record of ${contentBytes} bytes has ${left} there`);
  }

  async #partOfChunk(offset: number): Promise<boolean> {
    try {
      const { compression, contentOffset, startNs, endNs } = await this.#chunkHeader(offset);
      if (compression !== '' && compression !== 'none') return false;
      const offsetBytes = offset + contentOffset;
      const lengthBytes = this.#file.sizeBytes - offsetBytes;
      const segment = { kind: 'records', offsetBytes, lengthBytes, startNs, endNs, ...UNKNOWN } as const;
      const { messages, readBytes } = await this.#readSegment(segment);
      if (messages.length === 0) return false;
      for (const { channelId } of messages) this.#count(channelId, 1);
      this.#segments.push({
        ...segment,
        // Excludes the truncated record, so that reading the segment reports no error.
        lengthBytes: readBytes,
        channelIds: new Set(messages.map(({ channelId }) => channelId)),
        messageCount: messages.length,
      });
      return true;
    } catch {
      return false;
    }
  }

  /** Reads a segment's records, and keeps the channels and schemas among them. */
  async #readSegment(segment: McapSegment): Promise<McapRecords> {
    const records = parseMcapRecords(await readMcapSegment(this.#file, segment));
    for (const schema of records.schemas) this.#addSchema(schema);
    for (const channel of records.channels) this.#addChannel(channel);
    return records;
  }

  #stop(offset: number, reason: string): void {
    const left = this.#file.sizeBytes - offset;
    this.#warnings.add(
      `${this.#file.path} can be read up to byte ${offset} (${reason}): the last ${left} bytes are lost.`,
    );
  }

  #addChannel(channel: McapTypes.Channel): void {
    if (!this.#channels.has(channel.id)) this.#channels.set(channel.id, channel);
  }

  #addSchema(schema: McapTypes.Schema): void {
    if (!this.#schemas.has(schema.id)) this.#schemas.set(schema.id, schema);
  }

  #count(channelId: number, count: number): void {
    this.#counts.set(channelId, (this.#counts.get(channelId) ?? 0) + count);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
