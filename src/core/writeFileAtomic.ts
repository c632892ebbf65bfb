import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { asEffvitError, isMissing } from './EffvitError.js';
import { keepAtExit, removeAtExit } from './processExit.js';

/**
 * Writes a whole file or nothing: into a temporary file beside it, which is flushed and renamed to `path`. Readers see
 * the old or the new content, never a part. Symbolic links are followed; missing folders are created.
 *
 * @throws EffvitError IO_FAILED (a full disk, no permission); the temporary file is removed then.
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const part = temporaryNeighbour(target);
  try {
    await makeFolder(dirname(target));
    const handle = await open(part, 'wx');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
    throw asEffvitError(error, 'IO_FAILED', `Cannot write ${path}`, { file: path });
  }
}

/**
 * Writes a whole folder or nothing: `fill` writes into a temporary folder beside it, which then takes its place. An
 * existing folder is replaced, and stays if anything fails.
 *
 * @throws EffvitError IO_FAILED, and what `fill` throws
 */
export async function writeFolderAtomic<T>(path: string, fill: (part: string) => Promise<T>): Promise<T> {
  const folder = resolve(path);
  const part = temporaryNeighbour(folder);
  try {
    await makeFolder(part);
    removeAtExit(part);
    const filled = await fill(part);
    await replaceFolder(part, folder, `${part}.old`);
    return filled;
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw asEffvitError(error, 'IO_FAILED', `Cannot write ${folder}`, { file: folder });
  } finally {
    keepAtExit(part);
  }
}

async function replaceFolder(part: string, folder: string, old: string): Promise<void> {
  let hadOld = true;
  await rename(folder, old).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    hadOld = false;
  });
  try {
    await rename(part, folder);
  } catch (error) {
    if (hadOld) await rename(old, folder);
    throw error;
  }
  if (hadOld) await rm(old, { recursive: true, force: true });
}

/** A hidden path in the same folder, which no other process uses: what it holds can be renamed to `path`. */
export function temporaryNeighbour(path: string): string {
  const mark = `${process.pid}.${randomBytes(4).toString('hex')}`;
  return join(dirname(path), `.${basename(path)}.${mark}.part`);
}

/**
 * Makes a folder and its missing parents; one that is there already is fine.
 *
 * Node.js's `recursive` never returns where a file system refuses new folders with ENOENT, as /proc and automounts do.
 *
 * @throws the system's error
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
    return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') {
      if (await isFolder(path)) return;
      throw error;
    }
  }
  // The parent is missing, or was until just now: others may make it at the same time.
  const parent = dirname(path);
  if (!(await isFolder(parent))) await makeFolder(parent);
  await mkdir(path).catch(async (error: unknown) => {
    if (!(await isFolder(path))) throw error;
  });
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
