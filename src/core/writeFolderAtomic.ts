import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { asEffvitError } from './EffvitError.js';
import { isMissing } from './fileError.js';
import { makeFolder } from './makeFolder.js';

/**
 * Writes a whole folder or nothing: `fill` writes into a temporary folder beside it, which then takes its place. An
 * existing folder is replaced, and stays if anything fails.
 *
 * @throws EffvitError IO_FAILED, and what `fill` throws
 */
export async function writeFolderAtomic<T>(path: string, fill: (part: string) => Promise<T>): Promise<T> {
  const folder = resolve(path);
  const id = `${process.pid}.${randomBytes(4).toString('hex')}`;
  const part = join(dirname(folder), `.${basename(folder)}.${id}.part`);
  try {
    await makeFolder(part);
    const filled = await fill(part);
    await replaceFolder(part, folder, `${part}.old`);
    return filled;
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw asEffvitError(error, 'IO_FAILED', `Cannot write ${folder}`, { file: folder });
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
