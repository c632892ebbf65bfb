import { type EffvitError, fileError } from '../core/EffvitError.js';
import { refuseForeignFile } from '../core/foreignContent.js';
import { firstBytes, withInput } from '../core/readInput.js';
import { isBpuFileStart, readBpuFile } from '../model/readBpuFile.js';
import { inspectOnnx } from './inspectOnnx.js';
import { inspectPytorch, inspectSafetensors } from './inspectWeights.js';
import type { ModelFileInfo } from './ModelFileInfo.js';
import { ORT_IDENTIFIER, readOrtVersion } from './readOrtVersion.js';

type Kind = ModelFileInfo['kind'];

/**
 * Inspects a model file, whose format is detected from its content: .onnx, .ort, .safetensors, a PyTorch checkpoint, or
 * a compiled BPU model.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED; BAD_MODEL, BAD_WEIGHTS for anything else and for damaged files
 */
export async function inspectModelFile(path: string): Promise<ModelFileInfo> {
  const { kind, lengthBytes, formatVersion } = await recognise(path);
  switch (kind) {
    case 'bpu':
      return { kind, path, ...(await readBpuFile(path)) };
    case 'ort':
      return { kind, path, lengthBytes, formatVersion };
    case 'pytorch':
      return inspectPytorch(path);
    case 'safetensors':
      return inspectSafetensors(path);
    case 'onnx':
      return inspectOnnx(path);
  }
}

async function recognise(path: string): Promise<{ kind: Kind; lengthBytes: number; formatVersion: string }> {
  await refuseForeignFile(path, 'BAD_MODEL');
  return withInput(path, `No model file at ${path}.`, async (handle) => {
    const refuse = (what: string): EffvitError => fileError('BAD_MODEL', path, `is ${what}`);
    const info = await handle.stat();
    if (!info.isFile()) throw refuse('not a model file but a folder');
    const kind = kindOf(await firstBytes(handle, 16));
    if (kind === null) {
      throw refuse('no model file: expected .onnx, .ort, .safetensors, .pth or a compiled BPU model (.bin)');
    }
    const formatVersion = kind === 'ort' ? await readOrtVersion(handle, info.size) : '';
    if (formatVersion === null) throw refuse('a damaged .ort file: it does not say its version');
    return { kind, lengthBytes: info.size, formatVersion };
  });
}

function kindOf(start: Buffer): Kind | null {
  if (isBpuFileStart(start)) return 'bpu';
  if (start.toString('latin1', 4, 8) === ORT_IDENTIFIER) return 'ort';
  // Zip, and the pickles of PyTorch before 1.6 (refused there with a remedy).
  if (start.toString('latin1', 0, 4) === 'PK\x03\x04' || (start[0] === 0x80 && (start[1] ?? 0) <= 5))
    return 'pytorch';
  // A header length below 2^32, then JSON.
  if (start.length > 8 && start[8] === 0x7b && start.readUInt32LE(4) === 0) return 'safetensors';
  // ONNX puts its IR version first: field 1, a varint. Other orders are legal, but nothing writes them.
  if (start[0] === 0x08) return 'onnx';
  return null;
}
