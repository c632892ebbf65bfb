import { readFileSync } from 'node:fs';

/** A small file's text without surrounding white space, for files that may be missing; undefined if unreadable or empty. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
