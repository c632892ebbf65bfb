import { crc32 } from 'node:zlib';
import { Opcode } from '@mcap/core';
import { EffvitError } from '../../core/EffvitError.js';
import { decompress } from '../compression/decompress.js';
import type { RandomAccessFile } from '../RandomAccessFile.js';
import type { McapSegment } from './McapLayout.js';
import { RECORD_HEADER_BYTES } from './parseMcapRecords.js';

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

function damaged(what: string): EffvitError {
  return new EffvitError('BAD_BAG', what);
}

function hexadecimal(crc: number): string {
  return `0x${crc.toString(16).padStart(8, '0')}`;
}
