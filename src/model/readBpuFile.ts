import { fileError } from '../core/EffvitError.js';
import { refuseForeignFile } from '../core/foreignContent.js';
import { withInput } from '../core/readInput.js';
import { BPU_CHIPS, type BpuChip, MARCH_OF_CHIP } from './BpuChip.js';

/** What a .bin was compiled for. */
export interface BpuTarget {
  /** E.g. `bayes-e`; undefined if the file does not say. */
  readonly march: string | undefined;
  /** The chip of that march, where this package knows one. */
  readonly chip: BpuChip | undefined;
}

/** Metadata that a compiled BPU model (.bin) contains as plain text. */
export interface BpuFileInfo extends BpuTarget {
  readonly lengthBytes: number;
  /** Names of the models inside: a packed file has several. */
  readonly modelNames: readonly string[];
  /** Batch size by the model's name, if known. */
  readonly batches: Readonly<Record<string, number>>;
  /** Versions and settings of the vendor's toolchain, by its own keys (`BUILDER_VERSION`, `INPUT_TYPE_RT` ...). */
  readonly settings: Readonly<Record<string, string>>;
}

/** First bytes of hb_mapper's files (a varint follows). */
const MAGIC = Buffer.from([0x08, 0x01, 0x10, 0x01, 0x2a]);
const MODELS_FIELD = 0x2a;
const FIRST_ENTRY_FIELD = 0x0a;

/** Keys of the toolchain's settings that describe the origin and the input of a file. */
const KEYS = [
  'BUILDER_VERSION',
  'HBDK_VERSION',
  'HBDK_RUNTIME_VERSION',
  'HORIZON_NN_VERSION',
  'MARCH',
  'MODEL_PREFIX',
  'ONNX_MODEL',
  'INPUT_TYPE_RT',
  'INPUT_TYPE_TRAIN',
  'INPUT_SPACE_AND_RANGE',
  'INPUT_SHAPE',
  'COMPILE_MODE',
] as const;

/** Each key has one of these in it: a part of a file without any has no settings, which is found out sooner. */
const KEY_PARTS = ['_VERSION', 'INPUT_', 'MODE', 'MARCH'] as const;

const LARGEST_VALUE_BYTES = 4096;
const CHUNK_BYTES = 1 << 20;
/** Overlap of successive chunks: a key, its length bytes and the longest value. */
const OVERLAP_BYTES = LARGEST_VALUE_BYTES + 64;

/**
 * True if the bytes begin like a compiled BPU model, a single one or several packed by hb_pack. A packed file lacks the
 * two versions and begins with the length of the models and the first of them. 8 bytes are enough.
 */
export function isBpuFileStart(start: Uint8Array): boolean {
  if (MAGIC.equals(start.subarray(0, MAGIC.length))) return true;
  if (start[0] !== MODELS_FIELD) return false;
  // The length is a varint: its last byte is the first one below 0x80.
  const end = start.findIndex((byte, index) => index > 0 && byte < 0x80);
  return end > 1 && end <= 5 && start[end + 1] === FIRST_ENTRY_FIELD;
}

/**
 * Reads a .bin in chunks and extracts its plain-text metadata. The vendor's format is not documented: what is not found
 * is undefined.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED; BAD_MODEL for a file that does not start as a .bin does
 */
export async function readBpuFile(path: string): Promise<BpuFileInfo> {
  const settings = new Map<string, string>();
  /** By file offset: the settings of each model are contiguous. */
  const names = new Map<number, string>();
  const shapes = new Map<number, string>();
  let plainMarch: string | undefined;
  const lengthBytes = await scan(path, (window, windowAt) => {
    for (const [key, value, at] of settingsIn(window)) {
      if (key === 'MODEL_PREFIX') names.set(windowAt + at, value);
      else if (!settings.has(key)) settings.set(key, value);
      if (key === 'INPUT_SHAPE') shapes.set(windowAt + at, value);
    }
    plainMarch ??= marchIn(window);
    return true;
  });
  const march = settings.get('MARCH') ?? plainMarch;
  settings.delete('MARCH');
  return {
    lengthBytes,
    ...targetOf(march),
    modelNames: [...new Set(inOrder(names))],
    batches: batchesOf(inOrder(names), inOrder(shapes)),
    settings: Object.fromEntries(settings),
  };
}

/** Reads a .bin up to the first mention of its march, which is near the beginning of most. @throws as {@link readBpuFile} */
export async function readBpuTarget(path: string): Promise<BpuTarget> {
  let march: string | undefined;
  await scan(path, (window) => {
    march = [...settingsIn(window)].find(([key]) => key === 'MARCH')?.[1] ?? marchIn(window);
    return march === undefined;
  });
  return targetOf(march);
}

function targetOf(found: string | undefined): BpuTarget {
  const march = found?.toLowerCase();
  return { march, chip: BPU_CHIPS.find((chip) => MARCH_OF_CHIP[chip] === march) };
}

/** Visits the chunks of a .bin, each behind the end of the one before it, until `visit` returns false. @returns bytes read */
async function scan(path: string, visit: (window: Buffer, windowAt: number) => boolean): Promise<number> {
  let lengthBytes = 0;
  let window: Buffer = Buffer.alloc(0);
  await refuseForeignFile(path, 'BAD_MODEL');
  await withInput(path, `No model file at ${path}.`, async (handle) => {
    for await (const piece of handle.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false })) {
      const chunk = piece as Buffer;
      if (lengthBytes === 0 && !isBpuFileStart(chunk)) {
        throw fileError('BAD_MODEL', path, 'is not a compiled BPU model: expected what hb_mapper writes');
      }
      lengthBytes += chunk.length;
      window = Buffer.concat([window.subarray(Math.max(0, window.length - OVERLAP_BYTES)), chunk]);
      if (!visit(window, lengthBytes - window.length)) break;
    }
  });
  return lengthBytes;
}

function inOrder(values: ReadonlyMap<number, string>): string[] {
  return [...values].sort(([a], [b]) => a - b).map(([, value]) => value);
}

/** The first dimension of each model's input; empty if models and shapes do not correspond. */
function batchesOf(names: readonly string[], shapes: readonly string[]): Record<string, number> {
  if (names.length !== shapes.length) return {};
  const batches = names.map(
    (name, index) => [name, Number(/^\d+(?=x)/.exec(shapes[index] ?? '')?.[0])] as const,
  );
  return Object.fromEntries(batches.filter(([, batch]) => Number.isInteger(batch)));
}

/**
 * Settings are stored as protobuf map entries: field 1 is the key, field 2 the value, both strings
 * prefixed by their length.
 */
function* settingsIn(window: Buffer): Generator<[string, string, number]> {
  if (!KEY_PARTS.some((part) => window.includes(part))) return;
  for (const key of KEYS) {
    const pattern = Buffer.concat([Buffer.from([0x0a, key.length]), Buffer.from(key), Buffer.from([0x12])]);
    for (let at = window.indexOf(pattern); at >= 0; at = window.indexOf(pattern, at + 1)) {
      const value = lengthDelimited(window, at + pattern.length);
      if (value !== undefined && value !== '') yield [key, value, at];
    }
  }
}

/** A varint and as many bytes of printable text; undefined if they are not there. */
function lengthDelimited(window: Buffer, start: number): string | undefined {
  const low = window[start];
  const high = window[start + 1];
  if (low === undefined || high === undefined) return undefined;
  const isLong = low >= 0x80;
  const length = isLong ? (low & 0x7f) | (high << 7) : low;
  const begin = start + (isLong ? 2 : 1);
  if ((isLong && high >= 0x80) || length > LARGEST_VALUE_BYTES || begin + length > window.length)
    return undefined;
  const text = window.toString('utf8', begin, begin + length).trim();
  return /^[\P{C}\t\n]*$/u.test(text) ? text : undefined;
}

/** A march in build options such as `--march bayes-e`, for files without settings. */
function marchIn(window: Buffer): string | undefined {
  for (let at = window.indexOf('march'); at >= 0; at = window.indexOf('march', at + 1)) {
    const match = /^march[^A-Za-z0-9]{1,8}([a-z]+[0-9]?(?:-[a-z])?)(?![A-Za-z0-9-])/.exec(
      window.toString('latin1', at, at + 48),
    );
    if (match?.[1] !== undefined && KNOWN_MARCHES.has(match[1])) return match[1];
  }
  return undefined;
}

const KNOWN_MARCHES: ReadonlySet<string> = new Set([
  'bayes-e',
  'bernoulli2',
  'bernoulli',
  'bayes',
  'nash-e',
  'nash-m',
  'nash-p',
]);
