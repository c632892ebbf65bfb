import { fileError } from '../core/EffvitError.js';
import { refuseForeignFile } from '../core/foreignContent.js';
import { firstBytes, withInput } from '../core/readInput.js';
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
  const start = await withInput(path, `No weights file at ${path}.`, (handle) => firstBytes(handle, 4));
  // Zip's local file header, torch.save's format since PyTorch 1.6.
  if (start.toString('latin1') === 'PK\x03\x04') return readPytorch(path);
  // A bare pickle: PROTO 2 and up.
  if (start[0] === 0x80 && (start[1] ?? 0) >= 2 && (start[1] ?? 0) <= 5) {
    throw fileError(
      'BAD_WEIGHTS',
      path,
      `is in PyTorch's format before 1.6: load it in PyTorch and save it again, best as safetensors`,
    );
  }
  return readSafetensors(path);
}
