import { type EffvitError, fileError } from '../core/EffvitError.js';
import { countElements } from './WeightTensor.js';

/** Bytes of one element by safetensors' dtype names; packed types of less than a byte are not supported. */
const DTYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
  C64: 8,
};

/** The limit that the reference implementation sets; real headers have some 100 KB. */
export const LARGEST_HEADER_BYTES = 100_000_000;

export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly number[];
  /** Offset of the tensor's first byte from the end of the header. */
  readonly beginBytes: number;
  readonly endBytes: number;
}

export interface SafetensorsHeader {
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads the length that a safetensors file starts with (8 bytes, little-endian).
 *
 * @throws EffvitError BAD_WEIGHTS if the file cannot hold a header of that length
 */
export function headerLengthBytes(prefix: Uint8Array, fileBytes: number, place: string): number {
  if (fileBytes < 8 || prefix.length < 8) {
    throw fileError('BAD_WEIGHTS', place, `is not a safetensors file: it has only ${fileBytes} bytes`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(Math.min(LARGEST_HEADER_BYTES, fileBytes - 8)) || length < 2n) {
    throw fileError(
      'BAD_WEIGHTS',
      place,
      `is not a safetensors file, or is cut short: its header would have ${length} bytes, the file has ${fileBytes}`,
    );
  }
  return Number(length);
}

/**
 * Checks a header against the length of the data after it: every tensor lies inside, none overlap, and no byte is
 * unused (as the safetensors format requires).
 *
 * @throws EffvitError BAD_WEIGHTS, naming the tensor
 */
export function parseSafetensorsHeader(text: string, dataBytes: number, place: string): SafetensorsHeader {
  const fail = (reason: string): EffvitError =>
    fileError('BAD_WEIGHTS', place, `has a broken safetensors header: ${reason}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw fileError('BAD_WEIGHTS', place, 'is not a safetensors file: its header is not JSON', error);
  }
  if (!isRecord(parsed)) throw fail('it is not a JSON object');
  const duplicate = firstDuplicateKey(text);
  if (duplicate !== null) throw fail(`${JSON.stringify(duplicate)} occurs in it twice`);
  const entries: SafetensorsEntry[] = [];
  let metadata = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') {
      if (!isRecord(value) || !Object.values(value).every((item) => typeof item === 'string')) {
        throw fail('its __metadata__ is not an object of strings');
      }
      metadata = new Map(Object.entries(value as Record<string, string>));
    } else {
      entries.push(parseEntry(name, value, dataBytes, fail));
    }
  }
  entries.sort((a, b) => a.beginBytes - b.beginBytes || a.endBytes - b.endBytes);
  let covered = 0;
  for (const entry of entries) {
    if (entry.beginBytes !== covered) {
      const what = entry.beginBytes < covered ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw fail(`tensor ${JSON.stringify(entry.name)} ${what}, at byte ${entry.beginBytes} of the data`);
    }
    covered = entry.endBytes;
  }
  if (covered !== dataBytes) {
    throw fail(`its tensors take ${covered} bytes, but the file has ${dataBytes} after the header`);
  }
  return { entries, metadata };
}

function parseEntry(
  name: string,
  value: unknown,
  dataBytes: number,
  fail: (reason: string) => EffvitError,
): SafetensorsEntry {
  const label = `tensor ${JSON.stringify(name)}`;
  if (!isRecord(value)) throw fail(`${label} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  const elementBytes =
    typeof dtype === 'string' && Object.hasOwn(DTYPE_BYTES, dtype) ? DTYPE_BYTES[dtype] : undefined;
  if (typeof dtype !== 'string' || elementBytes === undefined) {
    throw fail(`${label} has the unknown dtype ${JSON.stringify(dtype)}`);
  }
  if (!isLengthList(shape)) throw fail(`${label} has the impossible shape ${JSON.stringify(shape)}`);
  if (!isLengthList(offsets) || offsets.length !== 2) {
    throw fail(`${label} has the impossible data_offsets ${JSON.stringify(offsets)}`);
  }
  const [beginBytes = 0, endBytes = 0] = offsets;
  if (beginBytes > endBytes || endBytes > dataBytes) {
    throw fail(
      `${label} is at bytes ${beginBytes} to ${endBytes}, but the file has ${dataBytes} after the header`,
    );
  }
  // An overflowing product is infinite or inexact, and then equals no length inside the file.
  if (countElements(shape) * elementBytes !== endBytes - beginBytes) {
    throw fail(
      `${label} of ${dtype} [${shape.join(', ')}] does not take the ${endBytes - beginBytes} bytes that it is given`,
    );
  }
  return { name, dtype, dims: shape, beginBytes, endBytes };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLengthList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

/** JSON.parse silently keeps the last of two equal keys, so duplicates are found in the text, which is valid JSON here. */
function firstDuplicateKey(text: string): string | null {
  const seen = new Set<string>();
  let depth = 0;
  // Strings (skipped as a whole), brackets, and the colon that makes a string a key.
  for (const match of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/g)) {
    const [token, colon] = match;
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && colon !== undefined) {
      const key = String(JSON.parse(token.slice(0, token.length - colon.length)));
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return null;
}
