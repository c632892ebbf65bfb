import type { ClassResult } from '../classify/ClassResult.js';
import type { FrameHeader } from '../image/ImageFrame.js';
import type { ClassIdFormat } from './classificationMessage.js';

/** Plain CDR, little endian: the encapsulation that precedes the fields (DDS-RTPS 2.5, 10.2). */
const ENCAPSULATION = [0, 1, 0, 0] as const;
const ALIGNMENT_BYTES = 8;

const aligned = (offset: number, bytes: number): number => Math.ceil(offset / bytes) * bytes;

/**
 * vision_msgs/msg/Classification, serialised. A binding that converts objects takes a tenth of a millisecond for
 * each; this takes a few microseconds. The contents are those of {@link classificationMessage}.
 */
export function classificationCdr(
  { stamp, frameId }: FrameHeader,
  results: readonly ClassResult[],
  classIdFormat: ClassIdFormat,
): Buffer {
  const ids = results.map(({ index, label }) => (classIdFormat === 'label' ? label : String(index)));
  // Three bytes for a UTF-16 unit at most, the length and the NUL of each text, and padding.
  const textBytes = ids.reduce((sum, id) => sum + 3 * id.length + 3 * ALIGNMENT_BYTES, 3 * frameId.length);
  const buffer = Buffer.alloc(ENCAPSULATION.length + 6 * ALIGNMENT_BYTES + textBytes);
  buffer.set(ENCAPSULATION);
  // Alignment counts from behind the encapsulation.
  const body = buffer.subarray(ENCAPSULATION.length);
  let offset = body.writeInt32LE(stamp.sec, 0);
  offset = body.writeUInt32LE(stamp.nanosec, offset);
  offset = writeString(body, frameId, offset);
  offset = body.writeUInt32LE(results.length, aligned(offset, 4));
  for (const [rank, { score }] of results.entries()) {
    offset = writeString(body, ids[rank] ?? '', aligned(offset, 4));
    offset = body.writeDoubleLE(score, aligned(offset, 8));
  }
  return buffer.subarray(0, ENCAPSULATION.length + offset);
}

function writeString(body: Buffer, text: string, offset: number): number {
  const bytes = body.write(text, offset + 4, 'utf8');
  // The length counts the NUL, which is there already.
  body.writeUInt32LE(bytes + 1, offset);
  return offset + 4 + bytes + 1;
}
