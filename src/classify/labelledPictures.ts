import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EffvitError } from '../core/EffvitError.js';
import { classOfFolder } from './classOfFolder.js';
import { besideList, count, isPictureName, kindOf, picturesInFolder, readListLines } from './pictureFiles.js';

/** A picture whose class is known. */
export interface LabelledPicture {
  /** Path of a picture file. */
  readonly path: string;
  /** Index of its class in the model's output. */
  readonly classIndex: number;
}

export interface LabelledSet {
  readonly pictures: readonly LabelledPicture[];
  /** Number of files in the folders that are not pictures, by kind; see pictureFiles. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/**
 * Reads a labelled set: a text file of `path index` lines (relative paths start at the file's folder, `#` starts a
 * comment), or a folder with one folder per class, named as in {@link classOfFolder}.
 *
 * @param labels one per class of the model.
 * @throws EffvitError NOT_FOUND, IO_FAILED; BAD_ARGUMENT with the line or the folder that is wrong.
 */
export async function readLabelledPictures(path: string, labels: readonly string[]): Promise<LabelledSet> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new EffvitError('NOT_FOUND', `There is no list or folder ${path}: check the path.`, {
      context: { file: path },
      cause,
    });
  });
  const set = info.isDirectory()
    ? await readFolders(path, labels)
    : { pictures: await readList(path, labels.length), leftOut: new Map<string, number>() };
  if (set.pictures.length === 0) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `${path} names no picture: expected lines of "path index" or a folder a class with .jpg, .jpeg, .png, .webp or .avif files.`,
      { context: { file: path } },
    );
  }
  return set;
}

async function readList(path: string, classCount: number): Promise<LabelledPicture[]> {
  const pictures: LabelledPicture[] = [];
  for (const [line, content] of await readListLines(path)) {
    // The index is the last word, so that paths may hold spaces.
    const match = /^(.+?)[\s,]+(\d+)$/.exec(content);
    const classIndex = Number(match?.[2]);
    if (match?.[1] === undefined || classIndex >= classCount) {
      throw new EffvitError(
        'BAD_ARGUMENT',
        `${path}, line ${line}: expected "path index" with an index below ${classCount} but received "${content.slice(0, 100)}".`,
        { context: { file: path, line } },
      );
    }
    pictures.push({ path: besideList(path, match[1]), classIndex });
  }
  return pictures;
}

async function readFolders(path: string, labels: readonly string[]): Promise<LabelledSet> {
  const leftOut = new Map<string, number>();
  const folders: string[] = [];
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const isFolder = entry.isSymbolicLink()
      ? await stat(join(path, entry.name)).then(
          (info) => info.isDirectory(),
          () => false,
        )
      : entry.isDirectory();
    if (isFolder && !entry.name.startsWith('.')) folders.push(entry.name);
    else if (!isFolder)
      count(leftOut, isPictureName(entry.name) ? 'outside of any class' : kindOf(entry.name));
  }
  folders.sort();
  const classOf = await classOfFolder(path, folders, labels);
  const pictures: LabelledPicture[] = [];
  for (const [name, classIndex] of folders.map((folder) => [folder, classOf(folder)] as const)) {
    const inside = await picturesInFolder(join(path, name));
    for (const [kind, files] of inside.leftOut) count(leftOut, kind, files);
    for (const file of inside.paths) pictures.push({ path: file, classIndex });
  }
  return { pictures, leftOut };
}
