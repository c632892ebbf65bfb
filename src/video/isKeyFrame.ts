import type { VideoCodec } from './VideoPacket.js';

/** NAL units of H.264 (7.4.1.2) and H.265 (7.4.2.2). */
const NAL_UNITS = {
  h264: {
    typeOf: (header: number) => header & 0x1f,
    /** Of a picture that a decoder can start with: IDR slices; BLA_W_LP to the last of the random access points. */
    isStart: (type: number) => type === 5,
    /** Type of the sequence parameter set. */
    parameters: 7,
  },
  hevc: {
    typeOf: (header: number) => (header >> 1) & 0x3f,
    isStart: (type: number) => type >= 16 && type <= 21,
    parameters: 33,
  },
};
/** AV1 6.2.2. */
const OBU_SEQUENCE_HEADER = 1;
const START_CODE_BYTES = 3;

/**
 * Whether a decoder can start with this packet. For H.264 and H.265, parameter sets alone count too: some encoders send
 * them in a separate message.
 */
export function isKeyFrame(codec: VideoCodec, data: Uint8Array): boolean {
  if (codec === 'av1') return hasSequenceHeader(data);
  if (codec === 'vp9') return isVp9KeyFrame(data[0] ?? 0);
  const { typeOf, isStart, parameters } = NAL_UNITS[codec];
  const isWanted = (type: number): boolean => isStart(type) || type === parameters;
  return nalUnit(data, (header) => isWanted(typeOf(header))) !== undefined;
}

/**
 * The sequence parameter set in a packet of H.264 or H.265, which defines the pictures' size; undefined if there is
 * none.
 */
export function sequenceParameters(codec: VideoCodec, data: Uint8Array): Uint8Array | undefined {
  if (codec !== 'h264' && codec !== 'hevc') return undefined;
  const { typeOf, parameters } = NAL_UNITS[codec];
  return nalUnit(data, (header) => typeOf(header) === parameters);
}

/** Annex B: each unit follows a start code 00 00 01. */
function nalUnit(data: Uint8Array, isWanted: (header: number) => boolean): Uint8Array | undefined {
  for (let at = startCode(data, 0); at >= 0; at = startCode(data, at)) {
    if (at >= data.length || !isWanted(data[at] ?? 0)) continue;
    const next = startCode(data, at);
    return data.subarray(at, next < 0 ? data.length : next - START_CODE_BYTES);
  }
  return undefined;
}

/** Start of the next unit, after its start code; -1 if there is none. */
function startCode(data: Uint8Array, from: number): number {
  for (let at = data.indexOf(1, from + 2); at >= 0; at = data.indexOf(1, at + 1)) {
    if (data[at - 1] === 0 && data[at - 2] === 0) return at + 1;
  }
  return -1;
}

/** Reads the OBUs of one temporal unit (AV1 5.3). */
function hasSequenceHeader(data: Uint8Array): boolean {
  let at = 0;
  while (at < data.length) {
    const header = data[at] ?? 0;
    if (((header >> 3) & 0xf) === OBU_SEQUENCE_HEADER) return true;
    const hasExtension = (header & 0x4) !== 0;
    const hasSize = (header & 0x2) !== 0;
    if (!hasSize) return false;
    at += hasExtension ? 2 : 1;
    let sizeBytes = 0;
    for (let digit = 0; digit < 8; digit += 1) {
      const byte = data[at] ?? 0;
      at += 1;
      sizeBytes += (byte & 0x7f) * 2 ** (7 * digit);
      if ((byte & 0x80) === 0) break;
    }
    at += sizeBytes;
  }
  return false;
}

/** The uncompressed header's first bits (VP9 6.2): marker 2, profile 2 (and 1 of profile 3), show_existing 1, type 1. */
function isVp9KeyFrame(first: number): boolean {
  if (first >> 6 !== 2) return false;
  const isProfile3 = (first & 0x30) === 0x30;
  const shift = isProfile3 ? 2 : 3;
  const isShownAgain = ((first >> shift) & 1) === 1;
  return !isShownAgain && ((first >> (shift - 1)) & 1) === 0;
}
