import type { FileHandle } from 'node:fs/promises';
import { fileError } from '../core/EffvitError.js';
import { withInput } from '../core/readInput.js';
import { numbersFromBytes } from './numbersFromBytes.js';
import { headerLengthBytes, parseSafetensorsHeader, type SafetensorsHeader } from './safetensorsHeader.js';
import type { WeightFile, WeightTensor } from './WeightTensor.js';

/**
 * Reads every tensor of a safetensors file (Hugging Face's format: an 8-byte length, a JSON header, the data).
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED, BAD_WEIGHTS; UNSUPPORTED for 8-bit floats and complex numbers
 */
export async function readSafetensors(path: string): Promise<WeightFile> {
  return withFile(path, async (handle, fileBytes) => {
    const { header, dataBegin } = await readHeader(handle, fileBytes, path);
    const tensors = new Map<string, WeightTensor>();
    for (const entry of header.entries) {
      const bytes = await readExactly(
        handle,
        dataBegin + entry.beginBytes,
        entry.endBytes - entry.beginBytes,
        path,
      );
      const data = numbersFromBytes(bytes, entry.dtype, `${path}: its tensor ${JSON.stringify(entry.name)}`);
      tensors.set(entry.name, { dims: entry.dims, data, storedAs: entry.dtype });
    }
    return { format: 'safetensors', tensors, metadata: header.metadata };
  });
}

/** Reads and checks only the header. @throws EffvitError as {@link readSafetensors} */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  return withFile(path, async (handle, fileBytes) => (await readHeader(handle, fileBytes, path)).header);
}

async function withFile<T>(
  path: string,
  use: (handle: FileHandle, fileBytes: number) => Promise<T>,
): Promise<T> {
  return withInput(path, `No weights file at ${path}.`, async (handle) => {
    const info = await handle.stat();
    if (info.isFile()) return use(handle, info.size);
    throw fileError('BAD_WEIGHTS', path, 'is not a file of weights but a folder');
  });
}

async function readHeader(
  handle: FileHandle,
  fileBytes: number,
  path: string,
): Promise<{ header: SafetensorsHeader; dataBegin: number }> {
  const prefix = fileBytes < 8 ? new Uint8Array() : await readExactly(handle, 0, 8, path);
  const headerBytes = headerLengthBytes(prefix, fileBytes, path);
  const text = Buffer.from(await readExactly(handle, 8, headerBytes, path)).toString('utf8');
  const dataBegin = 8 + headerBytes;
  return { header: parseSafetensorsHeader(text, fileBytes - dataBegin, path), dataBegin };
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
    if (bytesRead === 0) {
      throw fileError('IO_FAILED', path, 'became shorter while it was read');
    }
    filled += bytesRead;
  }
  return bytes;
}
