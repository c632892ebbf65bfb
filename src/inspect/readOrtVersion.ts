import type { FileHandle } from 'node:fs/promises';

/** FlatBuffers' file identifier of ONNX Runtime's format, at byte 4. */
export const ORT_IDENTIFIER = 'ORTM';

/**
 * The format version of an .ort file: the first field of its root table, a string. FlatBuffers: a table
 * points back to its vtable, which holds the fields' offsets.
 *
 * @returns null if the file is cut short or contradicts itself
 */
export async function readOrtVersion(handle: FileHandle, lengthBytes: number): Promise<string | null> {
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
