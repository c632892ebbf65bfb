import { basename, join } from 'node:path';
import { fileError } from '../core/EffvitError.js';
import { TemporaryFolder } from '../core/TemporaryFolder.js';
import type { BagFile } from './BagFile.js';
import type { BagWarnings } from './BagWarnings.js';
import { isZstd } from './compression/contentSizes.js';
import { unzstdFile } from './compression/unzstdFile.js';
import { McapBagFile } from './mcap/McapBagFile.js';
import { RandomAccessFile } from './RandomAccessFile.js';
import { SqliteBagFile } from './sqlite/SqliteBagFile.js';

const HEAD_BYTES = 16;

/**
 * Opens one storage file; its first bytes decide the format, not its name. A file that is compressed as a whole is
 * first decompressed to a temporary file, which is removed when the bag is closed.
 *
 * @throws EffvitError NOT_FOUND, BAD_BAG, UNSUPPORTED, IO_FAILED
 */
export async function openBagFile(path: string, warnings: BagWarnings): Promise<BagFile> {
  const head = await headOf(path);
  if (!isZstd(head)) return await openPlainFile(path, head, warnings);
  const folder = await TemporaryFolder.make();
  try {
    const plainPath = join(folder.path, basename(path).replace(/\.zstd?$/, ''));
    const problem = await unzstdFile(path, plainPath);
    if (problem !== undefined) warnings.add(`${path} could be decompressed in part only: ${problem}.`);
    const file = await openPlainFile(plainPath, await headOf(plainPath), warnings);
    const { topics, startNs, endNs } = file;
    return {
      ...{ path, topics, startNs, endNs },
      messages: (filter) => file.messages(filter),
      close: async () => {
        await file.close();
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function headOf(path: string): Promise<Uint8Array> {
  const file = await RandomAccessFile.open(path);
  try {
    return await file.read(0, Math.min(HEAD_BYTES, file.sizeBytes));
  } finally {
    await file.close();
  }
}

async function openPlainFile(path: string, head: Uint8Array, warnings: BagWarnings): Promise<BagFile> {
  const text = Buffer.from(head).toString('latin1');
  if (text.startsWith('\x89MCAP0\r\n')) return await McapBagFile.open(path, warnings);
  if (text.startsWith('SQLite format 3\0')) return await SqliteBagFile.open(path, warnings);
  if (text.startsWith('#ROSBAG V')) {
    const remedy = 'convert it first, e.g. with rosbags-convert of the Python package rosbags';
    throw fileError('UNSUPPORTED', path, `is a ROS 1 bag; ${remedy}`);
  }
  if (head.byteLength === 0) throw fileError('BAD_BAG', path, 'is empty');
  const what = 'is no bag: it begins neither as an MCAP file nor as an SQLite database (.db3)';
  throw fileError('BAD_BAG', path, what);
}
