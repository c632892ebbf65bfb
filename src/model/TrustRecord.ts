import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EffvitError, readError } from '../core/EffvitError.js';
import { isShaped } from '../core/isShaped.js';

/** Facts about a file at its first download; later downloads must be identical. */
export interface TrustedFile {
  /** The address in the manifest (not a mirror's). */
  readonly url: string;
  readonly lengthBytes: number;
  readonly sha256: string;
  /** UTC time of the first download, ISO 8601. */
  readonly firstSeen: string;
}

/** Trusted files of one model, by file name. */
export type TrustRecord = Readonly<Record<string, TrustedFile>>;

export const TRUST_RECORD_NAME = 'trust.json';

const FIELDS = { url: 'string', lengthBytes: 'number', sha256: 'string', firstSeen: 'string' } as const;

/**
 * The record in a model's cache folder; empty if there is none yet.
 *
 * @throws EffvitError IO_FAILED if it cannot be read or is damaged: trust is not renewed silently.
 */
export async function readTrustRecord(cacheFolderOfModel: string): Promise<TrustRecord> {
  const path = join(cacheFolderOfModel, TRUST_RECORD_NAME);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '{}';
    throw readError(error, path);
  });
  try {
    const record: unknown = JSON.parse(text);
    if (isTrustRecord(record)) return record;
    throw new TypeError('It is no record of files.');
  } catch (error) {
    throw new EffvitError(
      'IO_FAILED',
      `${path}, the record of downloaded files, is damaged: delete it to trust the next download.`,
      { context: { file: path }, cause: error },
    );
  }
}

function isTrustRecord(value: unknown): value is TrustRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((file) => isShaped(file, FIELDS) && /^[0-9a-f]{64}$/.test(file.sha256))
  );
}
