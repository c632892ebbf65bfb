import { McapStreamReader, type McapTypes, Opcode } from '@mcap/core';

/** Opcode and content length, at the start of every record. */
export const RECORD_HEADER_BYTES = 9;

/** Channel, sequence, log time and publish time, before a message's data. */
const MESSAGE_HEADER_BYTES = 22;

/** One message within the bytes it was parsed from. */
export interface McapMessageView {
  readonly channelId: number;
  readonly sequence: number;
  readonly logTimeNs: bigint;
  readonly publishTimeNs: bigint;
  readonly data: Uint8Array;
}

export interface McapRecords {
  readonly messages: McapMessageView[];
  readonly channels: McapTypes.Channel[];
  readonly schemas: McapTypes.Schema[];
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
  const channels: McapTypes.Channel[] = [];
  const schemas: McapTypes.Schema[] = [];
  let problem: string | undefined;
  let offset = 0;
  while (offset < bytes.byteLength) {
    if (bytes.byteLength - offset < RECORD_HEADER_BYTES) {
      problem = 'its last record is cut off';
      break;
    }
    const opcode = view.getUint8(offset);
    const length = view.getBigUint64(offset + 1, true);
    const start = offset + RECORD_HEADER_BYTES;
    if (length > BigInt(bytes.byteLength - start)) {
      problem = `a record at byte ${offset} claims ${length} bytes where ${bytes.byteLength - start} are left`;
      break;
    }
    const end = start + Number(length);
    if (opcode === Opcode.MESSAGE) {
      if (end - start < MESSAGE_HEADER_BYTES) {
        problem = `the message at byte ${offset} has ${length} bytes`;
        break;
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
        if (record?.type === 'Channel') channels.push(record);
        else if (record?.type === 'Schema') schemas.push(record);
      } catch (error) {
        problem = `the record at byte ${offset} is corrupted (${(error as Error).message})`;
        break;
      }
    } else if (opcode < 0x80) {
      // Only these three are allowed here; private records (0x80 and above) are skipped.
      problem = `a record at byte ${offset} has opcode 0x${opcode.toString(16).padStart(2, '0')}`;
      break;
    }
    offset = end;
  }
  return { messages, channels, schemas, readBytes: offset, problem };
}

/** One complete record (with header) other than a chunk or message. @throws Error if it is corrupted */
export function parseSmallRecord(bytes: Uint8Array): McapTypes.TypedMcapRecord | undefined {
  const reader = new McapStreamReader({ noMagicPrefix: true });
  reader.append(bytes);
  return reader.nextRecord();
}
