import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { asEffvitError } from './EffvitError.js';
import { makeFolder } from './makeFolder.js';

/**
 * Writes a whole file or nothing: into a temporary file beside it, which is flushed and renamed to `path`. Readers see
 * the old or the new content, never a part. Symbolic links are followed; missing folders are created.
 *
 * @throws EffvitError IO_FAILED (a full disk, no permission); the temporary file is removed then.
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const folder = dirname(target);
  const neighbour = join(
    folder,
    `.${basename(target)}.${process.pid}.${randomBytes(4).toString('hex')}.part`,
  );
  try {
    await makeFolder(folder);
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
