import { open, stat } from 'node:fs/promises';
import { EffvitError, type EffvitErrorCode } from './EffvitError.js';
import { firstBytes } from './fileError.js';
import { READ_NOW } from './readInput.js';

const START_BYTES = 512;

/** Content that is often found in place of a model, by its first bytes, with the remedy. */
const KINDS: readonly (readonly [start: RegExp, what: string])[] = [
  [
    /^version https:\/\/git-lfs\.github\.com\//,
    'is a Git LFS pointer and not the file that it points to: run `git lfs pull` in its repository',
  ],
  [
    /^(?:<!doctype html|<html|<head|<!--)/i,
    'is an HTML page and not the file that was to be downloaded: download it again from the address of the file itself',
  ],
  [
    /^<\?xml/i,
    'is an XML text, such as a server answers with instead of a file: download it again from the address of the file itself',
  ],
];

/** What the content is instead of a model, as the end of a sentence; undefined if it may be a model. */
export function foreignContent(start: Uint8Array): string | undefined {
  if (start.length === 0) return 'is empty: it was not written or downloaded to its end';
  if (start[0] === 0x1f && start[1] === 0x8b) return 'is packed by gzip: unpack it first';
  const text = Buffer.from(start.subarray(0, START_BYTES))
    .toString('latin1')
    .replace(/^(?:\xef\xbb\xbf)?\s+/, '');
  return KINDS.find(([pattern]) => pattern.test(text))?.[1];
}

/**
 * Refuses an empty file, a Git LFS pointer or an HTML page. An unreadable file is not reported here but by its reader.
 *
 * @throws EffvitError with `code`
 */
export async function refuseForeignFile(path: string, code: EffvitErrorCode): Promise<void> {
  // A pipe is not opened here: its writer would lose its reader.
  if (!(await stat(path).catch(() => undefined))?.isFile()) return;
  const handle = await open(path, READ_NOW).catch(() => undefined);
  if (handle === undefined) return;
  try {
    const what = foreignContent(await firstBytes(handle, START_BYTES));
    if (what !== undefined) throw new EffvitError(code, `${path} ${what}.`, { context: { file: path } });
  } finally {
    await handle.close();
  }
}
