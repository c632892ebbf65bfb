import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { asEffvitError } from './EffvitError.js';

/**
 * Writes a whole file or nothing: into a neighbour first, flushed, then renamed over `path`. Readers see
 * the old content or the new, never a part. A link is followed; missing folders are made.
 *
 * @throws EffvitError IO_FAILED (a full disk, no permission); the neighbour is removed then.
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const folder = dirname(target);
  const neighbour = join(
    folder,
    `.${basename(target)}.${process.pid}.${randomBytes(4).toString('hex')}.part`,
  );
  try {
    await mkdir(folder, { recursive: true });
    const handle = await open(neighbour, 'wx');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(neighbour, target);
  } catch (error) {
    await rm(neighbour, { force: true });
    throw asEffvitError(error, 'IO_FAILED', `Cannot write ${path}`, { file: path });
  }
}
