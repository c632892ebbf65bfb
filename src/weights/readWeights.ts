import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { refuseForeignFile } from '../core/foreignContent.js';
import { openInput } from '../core/readInput.js';
import { readPytorch } from './readPytorch.js';
import { readSafetensors } from './readSafetensors.js';
import type { WeightFile } from './WeightTensor.js';

/**
 * Reads a file of weights, identified by its content, not by its name: safetensors, or a PyTorch checkpoint.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED, BAD_WEIGHTS, UNSUPPORTED
 */
export async function readWeights(path: string): Promise<WeightFile> {
  await refuseForeignFile(path, 'BAD_WEIGHTS');
  const start = await firstBytes(path);
  // Zip's local file header, torch.save's format since PyTorch 1.6.
  if (start.toString('latin1') === 'PK\x03\x04') return readPytorch(path);
  // A bare pickle: PROTO 2 and up.
  if (start[0] === 0x80 && (start[1] ?? 0) >= 2 && (start[1] ?? 0) <= 5) {
    throw new EffvitError(
      'BAD_WEIGHTS',
      `${path} is in PyTorch's format before 1.6: load it in PyTorch and save it again, best as safetensors.`,
      { context: { file: path } },
    );
  }
  return readSafetensors(path);
}

async function firstBytes(path: string): Promise<Buffer> {
  try {
    const handle = await openInput(path);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new EffvitError('NOT_FOUND', `No weights file at ${path}.`, {
        context: { file: path },
        cause: error,
      });
    }
    throw asEffvitError(error, 'IO_FAILED', `Cannot read ${path}`, { file: path });
  }
}
