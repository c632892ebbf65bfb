import type { FileHandle } from 'node:fs/promises';
import { type EffvitError, fileError } from '../core/EffvitError.js';
import { refuseForeignFile } from '../core/foreignContent.js';
import { firstBytes, withInput } from '../core/readInput.js';
import { isBpuFileStart, readBpuFile } from '../model/readBpuFile.js';
import { inspectOnnx } from './inspectOnnx.js';
import { inspectWeights } from './inspectWeights.js';

export type ModelFileInfo = Awaited<ReturnType<typeof inspectModelFile>>;

/**
 * Inspects a model file, whose format is detected from its content: .onnx, .ort, .safetensors, a PyTorch checkpoint, or
 * a compiled BPU model.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED; BAD_MODEL, BAD_WEIGHTS for anything else and for damaged files
 */
export async function inspectModelFile(path: string) {
  await refuseForeignFile(path, 'BAD_MODEL');
  const { kind, ...file } = await withInput(path, `No model file at ${path}.`, async (handle) => {
    const refuse = (what: string): EffvitError => fileError('BAD_MODEL', path, `is ${what}`);
    const info = await handle.stat();
    if (!info.isFile()) throw refuse('not a model file but a folder');
    const found = kindOf(await firstBytes(handle, 16));
    if (found === null) {
      throw refuse('no model file: expected .onnx, .ort, .safetensors, .pth or a compiled BPU model (.bin)');
    }
    const formatVersion = found === 'ort' ? await readOrtVersion(handle, info.size) : '';
    if (formatVersion === null) throw refuse('a damaged .ort file: it does not say its version');
    return { kind: found, lengthBytes: info.size, formatVersion };
  });
  switch (kind) {
    case 'bpu':
      return { kind, path, ...(await readBpuFile(path)) };
    case 'ort':
      return { kind, path, ...file };
    case 'pytorch':
    case 'safetensors':
      return inspectWeights(kind, path);
    case 'onnx':
      return inspectOnnx(path);
  }
}

/** `ort` is ONNX Runtime's own format, `bpu` a compiled model. */
function kindOf(start: Buffer): 'bpu' | 'ort' | 'pytorch' | 'safetensors' | 'onnx' | null {
  if (isBpuFileStart(start)) return 'bpu';
  // FlatBuffers' file identifier of ONNX Runtime's format.
  if (start.toString('latin1', 4, 8) === 'ORTM') return 'ort';
  // Zip, and the pickles of PyTorch before 1.6 (refused there with a remedy).
  if (start.toString('latin1', 0, 4) === 'PK\x03\x04' || (start[0] === 0x80 && (start[1] ?? 0) <= 5))
    return 'pytorch';
  // A header length below 2^32, then JSON.
  if (start.length > 8 && start[8] === 0x7b && start.readUInt32LE(4) === 0) return 'safetensors';
  // ONNX puts its IR version first: field 1, a varint. Other orders are legal, but nothing writes them.
  if (start[0] === 0x08) return 'onnx';
  return null;
}

/**
 * The format version of an .ort file: the first field of its root table, a string. FlatBuffers: a table
 * points back to its vtable, which holds the fields' offsets.
 *
 * @returns null if the file is cut short or contradicts itself
 */
async function readOrtVersion(handle: FileHandle, lengthBytes: number): Promise<string | null> {
  const read = async (position: number, length: number): Promise<Buffer | null> => {
    if (position < 0 || position + length > lengthBytes) return null;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
    return bytesRead === length ? buffer : null;
  };
  const root = (await read(0, 4))?.readUInt32LE();
  if (root === undefined) return null;
  const toVtable = (await read(root, 4))?.readInt32LE();
  if (toVtable === undefined) return null;
  // A vtable is its own length, the table's length, then an offset a field; two bytes each.
  const vtable = await read(root - toVtable, 6);
  const fieldOffset = vtable === null || vtable.readUInt16LE(0) < 6 ? 0 : vtable.readUInt16LE(4);
  if (fieldOffset === 0) return null;
  const toText = (await read(root + fieldOffset, 4))?.readUInt32LE();
  if (toText === undefined) return null;
  const begin = root + fieldOffset + toText;
  const length = (await read(begin, 4))?.readUInt32LE();
  if (length === undefined || length > 64) return null;
  const text = (await read(begin + 4, length))?.toString('latin1') ?? '';
  return /^[\w.+-]+$/.test(text) ? text : null;
}
