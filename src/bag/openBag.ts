import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { asEffvitError, EffvitError, fileError, readError } from '../core/EffvitError.js';
import { type BagFile, sumOfKnown } from './BagFile.js';
import { type BagMetadata, METADATA_NAME, readBagMetadata } from './BagMetadata.js';
import { BagReader } from './BagReader.js';
import { BagWarnings } from './BagWarnings.js';
import { openBagFile } from './openBagFile.js';

/** Names of storage files, compressed as a whole or not. */
export const STORAGE_FILE = /\.(mcap|db3)(\.zstd?)?$/i;

/**
 * Opens a recording for reading: a rosbag2 folder, or one of its storage files (`.mcap`, `.db3`), compressed or not.
 * Only the index is read yet. Close the reader when done.
 *
 * @throws EffvitError NOT_FOUND, BAD_BAG, UNSUPPORTED, IO_FAILED
 */
export async function openBag(path: string): Promise<BagReader> {
  const warnings = new BagWarnings();
  const info = await stat(path).catch((error: unknown) => {
    throw readError(error, path, `There is no bag at ${path}: check the path.`);
  });
  const files = info.isDirectory()
    ? await openBagFolder(path, warnings)
    : [await openBagFile(path, warnings)];
  return new BagReader(path, files, warnings);
}

/**
 * The files of a rosbag2 folder, in recording order. If `metadata.yaml` is missing (a killed recorder writes none) or
 * unreadable, all storage files of the folder are used, with a warning.
 *
 * @throws EffvitError BAD_BAG: no recording; UNSUPPORTED; IO_FAILED
 */
async function openBagFolder(folder: string, warnings: BagWarnings): Promise<readonly BagFile[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw asEffvitError(error, 'IO_FAILED', `Cannot read the folder ${folder}`, { file: folder });
  }
  // `bag_10.mcap` after `bag_9.mcap`.
  const { compare } = new Intl.Collator('en', { numeric: true });
  const found = names.filter((name) => STORAGE_FILE.test(name)).sort(compare);
  const metadata = await metadataOf(folder, names, found, warnings);
  const wanted = metadata === undefined ? found : metadata.relativeFilePaths;
  const present: string[] = [];
  for (const name of wanted) {
    const path = await pathOf(folder, name);
    if (path === undefined) warnings.add(`${folder} lacks ${name}, which its ${METADATA_NAME} names.`);
    else present.push(path);
  }
  if (present.length === 0) {
    const none = `has none of the ${wanted.length} files that its ${METADATA_NAME} names`;
    throw fileError('BAD_BAG', folder, wanted.length === 0 ? 'is a bag without storage files' : none);
  }
  const files = await openAll(present, metadata, warnings);
  if (files.length === 0) {
    throw new EffvitError('BAD_BAG', `${folder} has no file that can be read: ${warnings.list().join(' ')}`, {
      context: { file: folder },
    });
  }
  if (metadata?.messageCount === undefined || metadata.compressionMode === 'file') return files;
  const count = sumOfKnown(files.flatMap(({ topics }) => topics.map(({ messageCount }) => messageCount)));
  if (count !== undefined && count < metadata.messageCount) {
    warnings.add(
      `${folder} has ${count} messages where its ${METADATA_NAME} counts ${metadata.messageCount}.`,
    );
  }
  return files;
}

async function metadataOf(
  folder: string,
  names: readonly string[],
  found: readonly string[],
  warnings: BagWarnings,
): Promise<BagMetadata | undefined> {
  if (!names.includes(METADATA_NAME)) {
    if (found.length === 0) {
      const what = `is no bag: it has neither ${METADATA_NAME} nor .mcap or .db3 files`;
      throw fileError('BAD_BAG', folder, what);
    }
    warnings.add(`${folder} has no ${METADATA_NAME} (the recorder was not closed); all its files are read.`);
    return undefined;
  }
  try {
    return await readBagMetadata(join(folder, METADATA_NAME));
  } catch (error) {
    if (!(error instanceof EffvitError) || error.code !== 'BAD_BAG' || found.length === 0) throw error;
    warnings.add(`${error.message} All files of the folder are read.`);
    return undefined;
  }
}

/** Undefined if there is no such file. */
async function pathOf(folder: string, relative: string): Promise<string | undefined> {
  // Before version 4 the path included the folder's own name. A file outside the folder is not part of the bag.
  const root = resolve(folder) + sep;
  for (const path of [resolve(folder, relative), join(folder, basename(relative))]) {
    if (!resolve(path).startsWith(root)) continue;
    if ((await stat(path).catch(() => undefined))?.isFile() === true) return path;
  }
  return undefined;
}

async function openAll(
  paths: readonly string[],
  metadata: BagMetadata | undefined,
  warnings: BagWarnings,
): Promise<BagFile[]> {
  const files: BagFile[] = [];
  try {
    for (const path of paths) {
      const isWholeFile = metadata?.compressionMode === 'file' && metadata.topics.length > 0;
      if (isWholeFile) {
        const info = metadata.files.find(
          (file) => basename(file.path).replace(/\.zstd?$/, '') === basename(path).replace(/\.zstd?$/, ''),
        );
        // The counts are those of the whole recording, so they are set on one file only.
        const topics =
          files.length === 0
            ? metadata.topics
            : metadata.topics.map((topic) => ({ ...topic, messageCount: 0 }));
        const lazy = { path, topics, startNs: info?.startNs, endNs: info?.endNs };
        files.push(lazyBagFile(lazy, () => openBagFile(path, warnings), warnings));
      } else {
        const file = await openOne(path, paths.length, metadata, warnings);
        if (file !== undefined) files.push(file);
      }
    }
    return files;
  } catch (error) {
    for (const file of files) await file.close();
    throw error;
  }
}

/** Undefined if the file is unreadable but there are others. */
async function openOne(
  path: string,
  fileCount: number,
  metadata: BagMetadata | undefined,
  warnings: BagWarnings,
): Promise<BagFile | undefined> {
  try {
    return await openBagFile(path, warnings);
  } catch (error) {
    if (!(error instanceof EffvitError) || error.code === 'IO_FAILED') throw error;
    if (fileCount > 1) {
      warnings.add(`${path} is missing from the bag: ${error.message}`);
      return undefined;
    }
    const { storageIdentifier = 'mcap' } = metadata ?? {};
    if (['mcap', 'sqlite3'].includes(storageIdentifier)) throw error;
    throw new EffvitError(
      'UNSUPPORTED',
      `Storage '${storageIdentifier}' is not known; mcap and sqlite3 are read (${error.message})`,
      { cause: error },
    );
  }
}

/**
 * A file that is opened when its first message is requested. Opening a compressed file writes an uncompressed copy to
 * the disk, and a recording with many of them should not wait for all copies.
 *
 * @param facts From `metadata.yaml`, known without opening the file.
 */
function lazyBagFile(
  facts: Pick<BagFile, 'path' | 'topics' | 'startNs' | 'endNs'>,
  open: () => Promise<BagFile>,
  warnings: BagWarnings,
): BagFile {
  const { path } = facts;
  let opened: Promise<BagFile> | undefined;
  let isClosed = false;
  return {
    ...facts,
    async *messages(filter) {
      if (isClosed) throw fileError('CLOSED', path, 'was closed while it was read');
      opened ??= open();
      let file: BagFile;
      try {
        file = await opened;
      } catch (error) {
        if (!(error instanceof EffvitError) || error.code === 'IO_FAILED') throw error;
        warnings.add(`${path} is missing from the bag: ${error.message}`);
        return;
      }
      yield* file.messages(filter);
    },
    async close() {
      isClosed = true;
      const file = await opened?.catch(() => undefined);
      await file?.close();
    },
  };
}
