import { type McapTypes, Opcode } from '@mcap/core';
import type { BagWarnings } from '../BagWarnings.js';
import type { RandomAccessFile } from '../RandomAccessFile.js';
import type { McapLayout, McapSegment } from './readMcapIndex.js';
import {
  CHUNK_HEADER_BYTES,
  type McapChunkHeader,
  type McapRecords,
  parseMcapChunkHeader,
  parseMcapRecords,
  parseSmallRecord,
  RECORD_HEADER_BYTES,
  readMcapSegment,
} from './readMcapSegment.js';

const MAGIC_BYTES = 8;

/** A schema or channel record is text; a larger one is treated as corrupted. */
const MOST_SMALL_RECORD_BYTES = 2 ** 24;

/** The longest name of a compression that is read. */
const MOST_COMPRESSION_NAME_BYTES = 64;

/** Records outside of chunks are read together up to this size. */
const RUN_BYTES = 4 * 1024 * 1024;

/** Message counts by channel. */
type Counts = Map<number, number>;

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
  readonly #counts: Counts = new Map();
  /** The last chunk, with what the message index records after it count. */
  #chunk: { readonly segment: McapSegment; indexed?: Counts } | undefined;
  /** Consecutive messages outside of chunks that are not in a segment yet. */
  #run:
    | { offsetBytes: number; lengthBytes: number; startNs: bigint; endNs: bigint; readonly counts: Counts }
    | undefined;

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
    if (!isEnded) this.#warn('was not closed by its recorder; it ends cleanly.');
    return {
      segments: this.#segments,
      channels: this.#channels,
      schemas: this.#schemas,
      messageCounts: this.#counts,
    };
  }

  /** @returns True if the data section ends with this record. */
  async #record(opcode: number, offset: number, lengthBytes: number): Promise<boolean> {
    if (opcode !== Opcode.MESSAGE) this.#endRun();
    if (opcode !== Opcode.MESSAGE_INDEX) await this.#endChunk();
    if (opcode === Opcode.MESSAGE) await this.#message(offset, lengthBytes);
    else if (opcode === Opcode.CHUNK) await this.#beginChunk(offset, lengthBytes);
    else if (opcode === Opcode.MESSAGE_INDEX) await this.#messageIndex(offset, lengthBytes);
    else if (opcode === Opcode.SCHEMA || opcode === Opcode.CHANNEL) {
      await this.#smallRecord(offset, lengthBytes);
    }
    // Header, attachments, metadata and private records are not needed.
    return opcode === Opcode.DATA_END || opcode === Opcode.FOOTER;
  }

  async #message(offset: number, lengthBytes: number): Promise<void> {
    const view = viewOf(await this.#file.peek(offset, RECORD_HEADER_BYTES + 22));
    if (lengthBytes < RECORD_HEADER_BYTES + 22) {
      this.#warn(`has a message without content at byte ${offset}.`);
      this.#endRun();
      return;
    }
    if (this.#run !== undefined && this.#run.lengthBytes + lengthBytes > RUN_BYTES) this.#endRun();
    const timeNs = view.getBigUint64(RECORD_HEADER_BYTES + 6, true);
    this.#run ??= { offsetBytes: offset, lengthBytes: 0, startNs: timeNs, endNs: timeNs, counts: new Map() };
    this.#run.lengthBytes += lengthBytes;
    if (timeNs < this.#run.startNs) this.#run.startNs = timeNs;
    if (timeNs > this.#run.endNs) this.#run.endNs = timeNs;
    increase(this.#run.counts, view.getUint16(RECORD_HEADER_BYTES, true), 1);
  }

  #endRun(): void {
    if (this.#run === undefined) return;
    const { counts, ...place } = this.#run;
    this.#run = undefined;
    this.#add({ kind: 'records', ...place }, counts);
  }

  async #beginChunk(offset: number, lengthBytes: number): Promise<void> {
    try {
      const { startNs, endNs } = await this.#chunkHeader(offset);
      this.#chunk = { segment: { kind: 'chunk', offsetBytes: offset, lengthBytes, startNs, endNs } };
    } catch (error) {
      this.#warn(`has a chunk at byte ${offset} that cannot be read: ${(error as Error).message}.`);
    }
  }

  async #chunkHeader(offset: number): Promise<McapChunkHeader> {
    const headBytes = RECORD_HEADER_BYTES + CHUNK_HEADER_BYTES + MOST_COMPRESSION_NAME_BYTES + 8;
    return parseMcapChunkHeader(await this.#file.peek(offset, headBytes));
  }

  async #messageIndex(offset: number, lengthBytes: number): Promise<void> {
    if (this.#chunk === undefined || lengthBytes < RECORD_HEADER_BYTES + 6) return;
    const view = viewOf(await this.#file.peek(offset, RECORD_HEADER_BYTES + 6));
    const channelId = view.getUint16(RECORD_HEADER_BYTES, true);
    // Sixteen bytes an entry: log time and offset.
    const count = Math.floor(view.getUint32(RECORD_HEADER_BYTES + 2, true) / 16);
    this.#chunk.indexed ??= new Map();
    if (count === 0 || count * 16 > lengthBytes) return;
    increase(this.#chunk.indexed, channelId, count);
  }

  async #endChunk(): Promise<void> {
    if (this.#chunk === undefined) return;
    const { segment, indexed } = this.#chunk;
    this.#chunk = undefined;
    if (indexed !== undefined && [...indexed.keys()].every((id) => this.#channels.has(id))) {
      this.#add(segment, indexed);
      return;
    }
    try {
      const { messages } = await this.#read(segment);
      this.#add(segment, countsOf(messages));
    } catch {
      // Kept, so that reading it reports the damage; its messages may belong to any channel.
      this.#segments.push(segment);
      for (const [id, count] of indexed ?? []) increase(this.#counts, id, count);
    }
  }

  #add(segment: McapSegment, counts: Counts): void {
    const messageCount = [...counts.values()].reduce((sum, count) => sum + count, 0);
    this.#segments.push({ ...segment, channelIds: new Set(counts.keys()), messageCount });
    for (const [id, count] of counts) increase(this.#counts, id, count);
  }

  /** Reads a segment's records, and adds the channels and schemas among them. */
  async #read(segment: McapSegment): Promise<McapRecords> {
    const records = parseMcapRecords(await readMcapSegment(this.#file, segment));
    for (const record of records.descriptions) this.#describe(record);
    return records;
  }

  /** The first of several with one id counts. */
  #describe(record: McapTypes.TypedMcapRecord | undefined): void {
    if (record?.type === 'Channel' && !this.#channels.has(record.id)) this.#channels.set(record.id, record);
    if (record?.type === 'Schema' && !this.#schemas.has(record.id)) this.#schemas.set(record.id, record);
  }

  async #smallRecord(offset: number, lengthBytes: number): Promise<void> {
    if (lengthBytes > MOST_SMALL_RECORD_BYTES) {
      this.#warn(`has a channel of ${lengthBytes} bytes at byte ${offset}; skipped.`);
      return;
    }
    try {
      this.#describe(parseSmallRecord(await this.#file.read(offset, lengthBytes)));
    } catch (error) {
      this.#warn(`has a corrupted channel at byte ${offset}: ${(error as Error).message}.`);
    }
  }

  /** Handles an incomplete last record. An uncompressed chunk still contains complete messages. */
  async #cutOff(offset: number, opcode: number, contentBytes: bigint): Promise<void> {
    await this.#endChunk();
    this.#endRun();
    const left = this.#file.sizeBytes - offset - RECORD_HEADER_BYTES;
    if (opcode === Opcode.CHUNK && (await this.#partOfChunk(offset))) {
      this.#warn(
        `is cut off within its last chunk (${left} of ${contentBytes} bytes): the whole messages in it are read, unchecked.`,
      );
    } else this.#stop(offset, `a record of ${contentBytes} bytes has ${left} there`);
  }

  async #partOfChunk(offset: number): Promise<boolean> {
    try {
      const { compression, contentOffset, startNs, endNs } = await this.#chunkHeader(offset);
      if (compression !== '' && compression !== 'none') return false;
      const offsetBytes = offset + contentOffset;
      const lengthBytes = this.#file.sizeBytes - offsetBytes;
      const segment = { kind: 'records', offsetBytes, lengthBytes, startNs, endNs } as const;
      const { messages, readBytes } = await this.#read(segment);
      if (messages.length === 0) return false;
      // Excludes the truncated record, so that reading the segment reports no error.
      this.#add({ ...segment, lengthBytes: readBytes }, countsOf(messages));
      return true;
    } catch {
      return false;
    }
  }

  #stop(offset: number, reason: string): void {
    const left = this.#file.sizeBytes - offset;
    this.#warn(`can be read up to byte ${offset} (${reason}): the last ${left} bytes are lost.`);
  }

  #warn(what: string): void {
    this.#warnings.add(`${this.#file.path} ${what}`);
  }
}

function countsOf(messages: McapRecords['messages']): Counts {
  const counts: Counts = new Map();
  for (const { channelId } of messages) increase(counts, channelId, 1);
  return counts;
}

function increase(counts: Counts, channelId: number, count: number): void {
  counts.set(channelId, (counts.get(channelId) ?? 0) + count);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
