import { Opcode } from '@mcap/core';
import type { BagWarnings } from '../BagWarnings.js';
import type { RandomAccessFile } from '../RandomAccessFile.js';
import type { McapLayout, McapSegment } from './McapLayout.js';
import { McapLayoutBuilder } from './McapLayoutBuilder.js';
import { parseSmallRecord, RECORD_HEADER_BYTES } from './parseMcapRecords.js';
import { CHUNK_HEADER_BYTES, type McapChunkHeader, parseMcapChunkHeader } from './readMcapSegment.js';

const MAGIC_BYTES = 8;

/** A schema or channel record is text; a larger one is treated as corrupted. */
const MOST_SMALL_RECORD_BYTES = 2 ** 24;

/** The longest name of a compression that is read. */
const MOST_COMPRESSION_NAME_BYTES = 64;

/** Of a segment that was not read yet. */
const UNKNOWN = { channelIds: undefined, messageCount: undefined };

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
  readonly #content = new McapLayoutBuilder();
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
    this.#content.endRun();
    if (!isEnded) this.#warnings.add(`${this.#file.path} was not closed by its recorder; it ends cleanly.`);
    return this.#content.layout;
  }

  /** @returns True if the data section ends with this record. */
  async #record(opcode: number, offset: number, lengthBytes: number): Promise<boolean> {
    if (opcode !== Opcode.MESSAGE_INDEX) await this.#endChunk();
    switch (opcode) {
      case Opcode.MESSAGE:
        await this.#message(offset, lengthBytes);
        return false;
      case Opcode.CHUNK:
        this.#content.endRun();
        await this.#beginChunk(offset, lengthBytes);
        return false;
      case Opcode.MESSAGE_INDEX:
        await this.#messageIndex(offset, lengthBytes);
        return false;
      case Opcode.SCHEMA:
      case Opcode.CHANNEL:
        this.#content.endRun();
        await this.#smallRecord(offset, lengthBytes);
        return false;
      case Opcode.DATA_END:
      case Opcode.FOOTER:
        return true;
      default:
        // Header, attachments, metadata and private records are not needed.
        this.#content.endRun();
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
    this.#content.addMessage({ offset, lengthBytes, channelId, logTimeNs });
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
    this.#content.count(channelId, count);
  }

  async #endChunk(): Promise<void> {
    const chunk = this.#chunk;
    if (chunk === undefined) return;
    this.#chunk = undefined;
    const { segment } = chunk;
    const isKnown =
      chunk.hasIndex && [...chunk.channelIds].every((id) => this.#content.layout.channels.has(id));
    if (isKnown) {
      this.#content.add({ ...segment, channelIds: chunk.channelIds, messageCount: chunk.messageCount });
      return;
    }
    try {
      const { messages } = await this.#content.read(this.#file, segment);
      for (const { channelId } of messages) {
        chunk.channelIds.add(channelId);
        if (!chunk.hasIndex) this.#content.count(channelId, 1);
      }
      this.#content.add({ ...segment, channelIds: chunk.channelIds, messageCount: messages.length });
    } catch {
      // Kept, so that reading it reports the damage; its messages may belong to any channel.
      this.#content.add(segment);
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
      if (record?.type === 'Channel') this.#content.addChannel(record);
      else if (record?.type === 'Schema') this.#content.addSchema(record);
    } catch (error) {
      this.#warnings.add(
        `${this.#file.path} has a corrupted channel at byte ${offset}: ${(error as Error).message}.`,
      );
    }
  }

  /** Handles an incomplete last record. An uncompressed chunk still contains complete messages. */
  async #cutOff(offset: number, opcode: number, contentBytes: bigint): Promise<void> {
    await this.#endChunk();
    this.#content.endRun();
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
      const { messages, readBytes } = await this.#content.read(this.#file, segment);
      if (messages.length === 0) return false;
      for (const { channelId } of messages) this.#content.count(channelId, 1);
      this.#content.add({
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

  #stop(offset: number, reason: string): void {
    const left = this.#file.sizeBytes - offset;
    this.#warnings.add(
      `${this.#file.path} can be read up to byte ${offset} (${reason}): the last ${left} bytes are lost.`,
    );
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
