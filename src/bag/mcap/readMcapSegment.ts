import { crc32 } from 'node:zlib';
import { McapStreamReader, type McapTypes, Opcode } from '@mcap/core';
import { EffvitError } from '../../core/EffvitError.js';
import type { RawBagMessage } from '../BagFile.js';
import { decompress } from '../compression/decompress.js';
import type { RandomAccessFile } from '../RandomAccessFile.js';
import type { McapSegment } from './readMcapIndex.js';

/** Opcode and content length, at the start of every record. */
export const RECORD_HEADER_BYTES = 9;

/** Channel, sequence, log time and publish time, before a message's data. */
const MESSAGE_HEADER_BYTES = 22;

/** Start and end time, size, checksum, and the length of the compression's name. */
export const CHUNK_HEADER_BYTES = 32;

/** The fields of a chunk record before its content. */
export interface McapChunkHeader {
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly uncompressedBytes: bigint;
  /** Zero if the writer stored none. */
  readonly crc: number;
  readonly compression: string;
  /** From the start of the chunk record, header included. */
  readonly contentOffset: number;
  readonly contentBytes: bigint;
}

/** @param bytes A chunk record from its opcode on; the content may be absent. @throws EffvitError BAD_BAG */
export function parseMcapChunkHeader(bytes: Uint8Array): McapChunkHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const nameOffset = RECORD_HEADER_BYTES + CHUNK_HEADER_BYTES;
  if (bytes.byteLength < nameOffset) throw damaged('its header is cut off');
  const nameBytes = view.getUint32(nameOffset - 4, true);
  const contentOffset = nameOffset + nameBytes + 8;
  if (contentOffset > bytes.byteLength) throw damaged('its header is cut off');
  return {
    startNs: view.getBigUint64(RECORD_HEADER_BYTES, true),
    endNs: view.getBigUint64(RECORD_HEADER_BYTES + 8, true),
    uncompressedBytes: view.getBigUint64(RECORD_HEADER_BYTES + 16, true),
    crc: view.getUint32(RECORD_HEADER_BYTES + 24, true),
    compression: new TextDecoder().decode(bytes.subarray(nameOffset, nameOffset + nameBytes)),
    contentOffset,
    contentBytes: view.getBigUint64(contentOffset - 8, true),
  };
}

/**
 * The records of a segment, decompressed and verified with their checksum.
 *
 * @throws EffvitError BAD_BAG, UNSUPPORTED: the segment as a whole cannot be read
 */
export async function readMcapSegment(file: RandomAccessFile, segment: McapSegment): Promise<Uint8Array> {
  const bytes = await file.read(segment.offsetBytes, segment.lengthBytes);
  if (segment.kind === 'records') return bytes;
  if (bytes[0] !== Opcode.CHUNK) throw damaged('there is no chunk');
  const header = parseMcapChunkHeader(bytes);
  if (header.contentBytes > BigInt(bytes.byteLength - header.contentOffset)) {
    const left = bytes.byteLength - header.contentOffset;
    throw damaged(`it claims ${header.contentBytes} bytes where ${left} are left`);
  }
  const stored = bytes.subarray(header.contentOffset, header.contentOffset + Number(header.contentBytes));
  if (stored.byteLength === 0) return stored;
  const content = await decompress(header.compression, stored, Number(header.uncompressedBytes));
  const crc = header.crc === 0 ? 0 : crc32(content);
  if (crc === header.crc) return content;
  throw damaged(`its checksum is ${hexadecimal(crc)} where ${hexadecimal(header.crc)} is stated`);
}

/** One message within the bytes it was parsed from. */
export interface McapMessageView extends Omit<RawBagMessage, 'topic' | 'type' | 'encoding'> {
  readonly channelId: number;
}

export interface McapRecords {
  readonly messages: McapMessageView[];
  /** The channels and schemas. */
  readonly descriptions: McapTypes.TypedMcapRecord[];
  /** Bytes up to the end of the last whole record. */
  readonly readBytes: number;
  /** Why parsing stopped before the end of the bytes; undefined if it did not. */
  readonly problem: string | undefined;
}

/**
 * The records of a chunk's content, or of a run of records outside any chunk. Messages are views of `bytes`.
 * @mcap/core's readers copy each message twice, which is slow for camera images, and reject a whole chunk if only its
 * end is missing.
 */
export function parseMcapRecords(bytes: Uint8Array): McapRecords {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: McapMessageView[] = [];
  const descriptions: McapTypes.TypedMcapRecord[] = [];
  let offset = 0;
  const stoppedBy = (problem?: string): McapRecords => ({
    messages,
    descriptions,
    readBytes: offset,
    problem,
  });
  while (offset < bytes.byteLength) {
    if (bytes.byteLength - offset < RECORD_HEADER_BYTES) return stoppedBy('its last record is cut off');
    const opcode = view.getUint8(offset);
    const length = view.getBigUint64(offset + 1, true);
    const start = offset + RECORD_HEADER_BYTES;
    const left = bytes.byteLength - start;
    if (length > BigInt(left)) {
      return stoppedBy(`a record at byte ${offset} claims ${length} bytes where ${left} are left`);
    }
    const end = start + Number(length);
    if (opcode === Opcode.MESSAGE) {
      if (end - start < MESSAGE_HEADER_BYTES) {
        return stoppedBy(`the message at byte ${offset} has ${length} bytes`);
      }
      messages.push({
        channelId: view.getUint16(start, true),
        sequence: view.getUint32(start + 2, true),
        logTimeNs: view.getBigUint64(start + 6, true),
        publishTimeNs: view.getBigUint64(start + 14, true),
        data: bytes.subarray(start + MESSAGE_HEADER_BYTES, end),
      });
    } else if (opcode === Opcode.CHANNEL || opcode === Opcode.SCHEMA) {
      try {
        const record = parseSmallRecord(bytes.subarray(offset, end));
        if (record !== undefined) descriptions.push(record);
      } catch (error) {
        return stoppedBy(`the record at byte ${offset} is corrupted (${(error as Error).message})`);
      }
    } else if (opcode < 0x80) {
      // Only these three are allowed here; private records (0x80 and above) are skipped.
      return stoppedBy(`a record at byte ${offset} has opcode 0x${opcode.toString(16).padStart(2, '0')}`);
    }
    offset = end;
  }
  return stoppedBy();
}

/** One complete record (with header) other than a chunk or message. @throws Error if it is corrupted */
export function parseSmallRecord(bytes: Uint8Array): McapTypes.TypedMcapRecord | undefined {
  const reader = new McapStreamReader({ noMagicPrefix: true });
  reader.append(bytes);
  return reader.nextRecord();
}

function damaged(what: string): EffvitError {
  return new EffvitError('BAD_BAG', what);
}

function hexadecimal(crc: number): string {
  return `0x${crc.toString(16).padStart(8, '0')}`;
}
