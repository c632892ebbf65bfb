import type { FileHandle } from 'node:fs/promises';
import { type EffvitError, fileError } from '../core/EffvitError.js';
import { withInput } from '../core/readInput.js';
import {
  countElements,
  ELEMENT_FORMATS,
  numbersFromBytes,
  type WeightFile,
  type WeightTensor,
} from './WeightTensor.js';

/** The limit that the reference implementation sets; real headers have some 100 KB. */
const LARGEST_HEADER_BYTES = 100_000_000;

interface SafetensorsEntry {
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
 * Reads every tensor of a safetensors file (Hugging Face's format: an 8-byte length, a JSON header, the data).
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED, BAD_WEIGHTS; UNSUPPORTED for 8-bit floats and complex numbers
 */
export async function readSafetensors(path: string): Promise<WeightFile> {
  return withHeader(path, async ({ entries, metadata }, read) => {
    const tensors = new Map<string, WeightTensor>();
    for (const { name, dtype, dims, beginBytes, endBytes } of entries) {
      const bytes = await read(beginBytes, endBytes - beginBytes);
      const data = numbersFromBytes(bytes, dtype, `${path}: its tensor ${JSON.stringify(name)}`);
      tensors.set(name, { dims, data, storedAs: dtype });
    }
    return { format: 'safetensors', tensors, metadata };
  });
}

/** Reads and checks only the header. @throws EffvitError as {@link readSafetensors} */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  return withHeader(path, async (header) => header);
}

/** Reads the header of a file; `read` reads from the data behind it. */
async function withHeader<T>(
  path: string,
  use: (
    header: SafetensorsHeader,
    read: (position: number, length: number) => Promise<Uint8Array<ArrayBuffer>>,
  ) => Promise<T>,
): Promise<T> {
  return withInput(path, `No weights file at ${path}.`, async (handle) => {
    const info = await handle.stat();
    if (!info.isFile()) throw fileError('BAD_WEIGHTS', path, 'is not a file of weights but a folder');
    const headerBytes = await readHeaderLength(handle, info.size, path);
    const text = Buffer.from(await readExactly(handle, 8, headerBytes, path)).toString('utf8');
    const dataBegin = 8 + headerBytes;
    const header = parseSafetensorsHeader(text, info.size - dataBegin, path);
    return use(header, (position, length) => readExactly(handle, dataBegin + position, length, path));
  });
}

/** The length that the file starts with (8 bytes, little-endian). */
async function readHeaderLength(handle: FileHandle, fileBytes: number, path: string): Promise<number> {
  if (fileBytes < 8) {
    throw fileError('BAD_WEIGHTS', path, `is not a safetensors file: it has only ${fileBytes} bytes`);
  }
  const length = new DataView((await readExactly(handle, 0, 8, path)).buffer).getBigUint64(0, true);
  if (length > BigInt(Math.min(LARGEST_HEADER_BYTES, fileBytes - 8)) || length < 2n) {
    throw fileError(
      'BAD_WEIGHTS',
      path,
      `is not a safetensors file, or is cut short: its header would have ${length} bytes, the file has ${fileBytes}`,
    );
  }
  return Number(length);
}

async function readExactly(
  handle: FileHandle,
  position: number,
  length: number,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) throw fileError('IO_FAILED', path, 'became shorter while it was read');
    filled += bytesRead;
  }
  return bytes;
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
  const elementBytes = typeof dtype === 'string' ? ELEMENT_FORMATS.get(dtype)?.bytes : undefined;
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
