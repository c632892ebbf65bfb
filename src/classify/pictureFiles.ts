import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, extname, isAbsolute, join, sep } from 'node:path';
import { asEffvitError, EffvitError, readError } from '../core/EffvitError.js';
import { readInput } from '../core/readInput.js';

const PICTURE_EXTENSIONS: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.png', '.webp', '.avif']);

/** True for a file name with an extension of JPEG, PNG, WebP or AVIF, in any case. */
export function isPictureName(name: string): boolean {
  return PICTURE_EXTENSIONS.has(extname(name).toLowerCase());
}

/** The pictures of a folder or a list. */
export interface PictureFiles {
  /** Sorted, or in the list's order. */
  readonly paths: readonly string[];
  /** Number of files that are not pictures, by extension, e.g. `.gif`. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** The pictures in a folder and the folders in it, links followed, sorted by path. @throws EffvitError IO_FAILED */
export async function picturesInFolder(folder: string): Promise<PictureFiles> {
  const names: string[] = [];
  const leftOut = new Map<string, number>();
  const seen = new Set<string>();
  const visit = async (inside: string): Promise<void> => {
    const path = join(folder, inside);
    const real = await realpath(path);
    // A link may lead back to a visited folder, or to a parent.
    if (seen.has(real) || (await realpath(folder)).startsWith(`${real}${sep}`)) return;
    seen.add(real);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const name = join(inside, entry.name);
      const isLink = entry.isSymbolicLink();
      const info = isLink ? await stat(join(folder, name)).catch(() => undefined) : entry;
      if (info?.isDirectory() === true) await visit(name);
      else if (info?.isFile() === true && isPictureName(name) && !entry.name.startsWith('.'))
        names.push(name);
      else count(leftOut, kindOf(entry.name, info !== undefined));
    }
  };
  try {
    await visit('');
  } catch (error) {
    throw asEffvitError(error, 'IO_FAILED', `Cannot look into ${folder}`, { file: folder });
  }
  return { paths: names.sort().map((name) => join(folder, name)), leftOut };
}

/** The lines of a list by their numbers, from 1, without empty lines and comments (`#`). @throws EffvitError IO_FAILED */
export async function readListLines(list: string): Promise<ReadonlyMap<number, string>> {
  const text = await readInput(list);
  const lines = text.toString('utf8').split(/\r?\n/);
  return new Map(
    lines
      .map((line, index) => [index + 1, line.trim()] as const)
      .filter(([, content]) => content !== '' && !content.startsWith('#')),
  );
}

/** A path of a list; relative ones start at the list's folder. */
export function besideList(list: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(list), path);
}

/**
 * The pictures of a list: a text with one path per line, relative to the list's folder, with an optional class index
 * after it; `#` starts a comment.
 *
 * @throws EffvitError IO_FAILED
 */
export async function picturesInList(list: string): Promise<PictureFiles> {
  const paths: string[] = [];
  const leftOut = new Map<string, number>();
  for (const content of (await readListLines(list)).values()) {
    const path = isPictureName(content) ? content : content.replace(/[\s,]+\S+$/, '');
    if (isPictureName(path)) paths.push(besideList(list, path));
    else count(leftOut, kindOf(path));
  }
  return { paths, leftOut };
}

/**
 * Paths of the pictures of a folder ({@link picturesInFolder}) or a list ({@link picturesInList}).
 *
 * @throws EffvitError NOT_FOUND: no such folder or list, or it has no picture; IO_FAILED
 */
export async function picturesAt(path: string): Promise<readonly string[]> {
  const info = await stat(path).catch((error: unknown) => {
    throw readError(error, path, `There is no folder or list ${path}: check the path.`);
  });
  const { paths } = info.isDirectory() ? await picturesInFolder(path) : await picturesInList(path);
  if (paths.length > 0) return paths;
  throw new EffvitError(
    'NOT_FOUND',
    `${path} has no .jpg, .jpeg, .png, .webp or .avif file: name a folder or list with pictures.`,
    { context: { file: path } },
  );
}

/** E.g. `Left out, since they are no .jpg, .jpeg, .png, .webp or .avif files: 12 .gif, 1 .txt.`; undefined for none. */
export function leftOutSentence(leftOut: ReadonlyMap<string, number>, place: string): string | undefined {
  if (leftOut.size === 0) return undefined;
  const kinds = [...leftOut].sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1));
  return `Left out of ${place}, being no .jpg, .jpeg, .png, .webp or .avif: ${kinds.map(([kind, files]) => `${files} ${kind}`).join(', ')}.`;
}

export function count(counts: Map<string, number>, kind: string, files = 1): void {
  counts.set(kind, (counts.get(kind) ?? 0) + files);
}

/** A file's kind: its extension. */
export function kindOf(name: string, isThere = true): string {
  if (!isThere) return 'broken links';
  if (name.startsWith('.')) return 'hidden';
  const extension = extname(name).toLowerCase();
  return extension === '' ? 'without an ending' : extension;
}
