import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { METADATA_NAME } from '../bag/BagMetadata.js';
import { STORAGE_FILE } from '../bag/openBag.js';
import { isFile } from '../core/readInput.js';
import { compareTexts } from './FleetBag.js';

/** SQLite's log, which a crashed recorder leaves; it is part of the recording. */
const SQLITE_LOG = /\.db3-wal$/i;

/** One file of a bag. */
export interface BagPart {
  readonly path: string;
  /** Its path relative to the bag. */
  readonly place: string;
}

/**
 * The files with a bag's content, sorted by name: the storage files and metadata.yaml of a folder (and of folders in
 * it), or the file itself; with SQLite's logs.
 *
 * @throws the system's error
 */
export async function bagFiles(path: string): Promise<BagPart[]> {
  if (!(await stat(path)).isDirectory()) {
    const log = `${path}-wal`;
    const file = { path, place: '' };
    return SQLITE_LOG.test(log) && (await isFile(log)) ? [file, { path: log, place: '-wal' }] : [file];
  }
  const names = await readdir(path, { recursive: true });
  return names
    .filter((name) => STORAGE_FILE.test(name) || SQLITE_LOG.test(name) || name.endsWith(METADATA_NAME))
    .sort(compareTexts)
    .map((name) => ({ path: join(path, name), place: name }));
}

/** Optional files next to a bag: the true classes of its frames, or their expected results. */
export type SidecarName = 'truth.json' | 'expected.json';

/** `truth.json` in a bag's folder, `drive.truth.json` next to `drive.mcap`. Undefined if there is none. */
export async function sidecarPath(bagPath: string, name: SidecarName): Promise<string | undefined> {
  const isFolder = (await stat(bagPath).catch(() => undefined))?.isDirectory() === true;
  const path = isFolder ? join(bagPath, name) : `${bagPath.replace(/\.(mcap|db3)(\.zstd?)?$/i, '')}.${name}`;
  return (await isFile(path)) ? path : undefined;
}

/**
 * A text that changes whenever a file of the bag, or the one beside it, is written, replaced or moved: sizes, inodes,
 * times of change. It is valid on this machine only; another machine compares the content. Empty if a file cannot be
 * read.
 */
export async function bagVersion(path: string, besidePath?: string): Promise<string> {
  try {
    const paths = (await bagFiles(path)).map((part) => part.path);
    if (besidePath !== undefined) paths.push(besidePath);
    const parts: string[] = [];
    for (const file of paths) {
      const { size, ino, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
      parts.push(`${size}.${ino}.${mtimeNs}.${ctimeNs}`);
    }
    return parts.join(' ');
  } catch {
    return '';
  }
}
