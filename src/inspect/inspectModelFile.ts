import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { refuseForeignFile } from '../core/foreignContent.js';
import { openInput } from '../core/readInput.js';
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
  try {
    const handle = await openInput(path);
    try {
      const info = await handle.stat();
      if (!info.isFile())
        throw new EffvitError('BAD_MODEL', `${path} is not a model file but a folder.`, {
          context: { file: path },
        });
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0);
      const kind = kindOf(buffer.subarray(0, bytesRead));
      if (kind === null) {
        throw new EffvitError(
          'BAD_MODEL',
          `${path} is no model file: expected .onnx, .ort, .safetensors, .pth or a compiled BPU model (.bin).`,
          { context: { file: path } },
        );
      }
      const formatVersion = kind === 'ort' ? await readOrtVersion(handle, info.size) : '';
      if (formatVersion === null) {
        throw new EffvitError('BAD_MODEL', `${path} is a damaged .ort file: it does not say its version.`, {
          context: { file: path },
        });
      }
      return { kind, lengthBytes: info.size, formatVersion };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new EffvitError('NOT_FOUND', `No model file at ${path}.`, {
        context: { file: path },
        cause: error,
      });
    }
    throw asEffvitError(error, 'IO_FAILED', `Cannot read ${path}`, { file: path });
  }
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
