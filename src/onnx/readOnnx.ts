import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { EffvitError, fileError } from '../core/EffvitError.js';
import { foreignContent } from '../core/foreignContent.js';
import { READ_NOW, readInput } from '../core/readInput.js';
import type { ExternalDataLoader } from './decodeTensor.js';
import type { OnnxModel } from './OnnxModel.js';
import { parseOnnx } from './parseOnnx.js';

/**
 * Reads an .onnx file and the external data that it names (relative to its own folder, never outside it).
 *
 * @param maxElements Constants with more are given without their data.
 * @throws EffvitError NOT_FOUND, IO_FAILED, BAD_MODEL
 */
export async function readOnnx(path: string, maxElements = Number.POSITIVE_INFINITY): Promise<OnnxModel> {
  const bytes = await readInput(path, { missing: `No model file at ${path}.` });
  const foreign = foreignContent(bytes);
  if (foreign !== undefined) throw fileError('BAD_MODEL', path, `${foreign}`);
  const files = new Map<string, number>();
  try {
    return parseOnnx(bytes, { place: path, maxElements, loadExternal: externalLoader(dirname(path), files) });
  } finally {
    for (const descriptor of files.values()) closeSync(descriptor);
  }
}

function externalLoader(folder: string, files: Map<string, number>): ExternalDataLoader {
  return ({ location, offsetBytes, lengthBytes }, tensorName) => {
    const relative = normalize(location);
    if (isAbsolute(relative) || /^[A-Za-z]:/.test(relative) || relative.split(/[\\/]/).includes('..')) {
      throw new EffvitError(
        'BAD_MODEL',
        `tensor ${JSON.stringify(tensorName)} names the data file ${JSON.stringify(location)}, which is outside the model's folder.`,
        { context: { graphName: tensorName } },
      );
    }
    const path = join(folder, relative);
    let descriptor = files.get(path);
    if (descriptor === undefined) {
      try {
        descriptor = openSync(path, READ_NOW);
      } catch (error) {
        throw new EffvitError(
          'NOT_FOUND',
          `its data file ${path} cannot be opened: put it beside the model.`,
          { context: { file: path }, cause: error },
        );
      }
      files.set(path, descriptor);
    }
    const info = fstatSync(descriptor);
    // The size is checked first, so that a wrong length does not allocate memory.
    if (!info.isFile() || offsetBytes + lengthBytes > info.size) {
      throw new EffvitError(
        'BAD_MODEL',
        `tensor ${JSON.stringify(tensorName)} needs ${lengthBytes} bytes at offset ${offsetBytes} of ${path}, ` +
          `which has ${info.size}.`,
        { context: { graphName: tensorName, byteOffset: offsetBytes, file: path } },
      );
    }
    const data = new Uint8Array(lengthBytes);
    let filled = 0;
    while (filled < lengthBytes) {
      const count = readSync(descriptor, data, filled, lengthBytes - filled, offsetBytes + filled);
      if (count === 0) {
        throw fileError('IO_FAILED', path, 'became shorter while it was read');
      }
      filled += count;
    }
    return data;
  };
}
