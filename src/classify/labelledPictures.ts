import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, isAbsolute, join } from 'node:path';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { readInput } from '../core/readInput.js';

/** A picture whose class is known. */
export interface LabelledPicture {
  /** Path of a picture file. */
  readonly path: string;
  /** Index of its class in the model's output. */
  readonly classIndex: number;
}

const PICTURE_EXTENSIONS: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.png', '.webp', '.avif']);

/** True for a file name that says JPEG, PNG, WebP or AVIF, in any case. */
export function isPictureName(name: string): boolean {
  return PICTURE_EXTENSIONS.has(extname(name).toLowerCase());
}

/**
 * Reads a labelled set: a text file of `path index` lines (relative paths start at the file's folder, `#` begins
 * a comment), or a folder with one folder per class, named by the class's index or label.
 *
 * @param labels one per class of the model.
 * @throws EffvitError NOT_FOUND, BAD_ARGUMENT with the line or the folder that is wrong.
 */
export async function readLabelledPictures(
  path: string,
  labels: readonly string[],
): Promise<LabelledPicture[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new EffvitError('NOT_FOUND', `There is no list or folder ${path}: check the path.`, { cause });
  });
  const pictures = info.isDirectory() ? await readFolders(path, labels) : await readList(path, labels.length);
  if (pictures.length === 0) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `${path} names no picture: expected lines of "path index" or folders of .jpg, .jpeg, .png, .webp or .avif files.`,
    );
  }
  return pictures;
}

async function readList(path: string, classCount: number): Promise<LabelledPicture[]> {
  const bytes = await readInput(path).catch((error: unknown) => {
    throw asEffvitError(error, 'IO_FAILED', `Cannot read ${path}`);
  });
  const pictures: LabelledPicture[] = [];
  for (const [lineIndex, line] of bytes.toString().split(/\r?\n/).entries()) {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    // The index is the last word, so that paths may hold spaces.
    const match = /^(.+?)\s+(\d+)$/.exec(content);
    const classIndex = Number(match?.[2]);
    if (match?.[1] === undefined || classIndex >= classCount) {
      throw new EffvitError(
        'BAD_ARGUMENT',
        `${path}, line ${lineIndex + 1}: expected "path index" with an index below ${classCount} but received "${content.slice(0, 100)}".`,
      );
    }
    const file = match[1];
    pictures.push({ path: isAbsolute(file) ? file : join(dirname(path), file), classIndex });
  }
  return pictures;
}

const plain = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ')
    .trim();

/** Index of the class that a folder is named for, or undefined. */
function classOf(folder: string, labels: readonly string[]): number | undefined {
  if (/^\d+$/.test(folder) && Number(folder) < labels.length) return Number(folder);
  const wanted = plain(folder);
  const whole = labels.findIndex((label) => plain(label) === wanted);
  if (whole >= 0) return whole;
  // ImageNet's labels list synonyms: "tench, Tinca tinca".
  const synonym = labels.findIndex((label) => label.split(',').some((name) => plain(name) === wanted));
  return synonym >= 0 ? synonym : undefined;
}

async function readFolders(path: string, labels: readonly string[]): Promise<LabelledPicture[]> {
  const pictures: LabelledPicture[] = [];
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries
    .filter((item) => item.isDirectory())
    .sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const classIndex = classOf(entry.name, labels);
    if (classIndex === undefined) {
      throw new EffvitError(
        'BAD_ARGUMENT',
        `${join(path, entry.name)} names no class of the model: expected an index below ${labels.length} or a label such as "${labels[0]}".`,
      );
    }
    const names = (await readdir(join(path, entry.name))).filter(isPictureName).sort();
    pictures.push(...names.map((name) => ({ path: join(path, entry.name, name), classIndex })));
  }
  return pictures;
}
