import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { asEffvitError } from './EffvitError.js';

/** Lower-case hex SHA-256 of a file, read in chunks. @throws EffvitError IO_FAILED, CANCELLED (`signal`). */
export async function sha256File(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    const content = createReadStream(path, { highWaterMark: 1 << 20, signal });
    for await (const piece of content) hash.update(piece as Buffer);
  } catch (error) {
    throw asEffvitError(error, signal?.aborted ? 'CANCELLED' : 'IO_FAILED', `Cannot read ${path}`, {
      file: path,
    });
  }
  return hash.digest('hex');
}
