import { type EffvitErrorCode, fileError } from './EffvitError.js';
import { firstBytesOf } from './readInput.js';

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
  const start = await firstBytesOf(path, START_BYTES);
  const what = start && foreignContent(start);
  if (what !== undefined) throw fileError(code, path, what);
}
