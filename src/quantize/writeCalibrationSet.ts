import { open, readdir, rm } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { asEffvitError, EffvitError, fileError, isMissing } from '../core/EffvitError.js';
import { writeFolderAtomic } from '../core/writeFileAtomic.js';
import type { PicturePlanes } from './PicturePlanes.js';
import { throwIfCancelled } from './throwIfCancelled.js';

export interface CalibrationSetOptions {
  /** The folder to make; a set that is there already is replaced. */
  readonly folder: string;
  /** Values of a picture: 3 x height x width. */
  readonly valuesPerPicture: number;
  /** At most so many files; a longer stream is thinned evenly. Default 512. */
  readonly maxPictures?: number;
  readonly signal?: AbortSignal;
  readonly onPicture?: (written: number) => void;
}

export interface CalibrationSet {
  /** Absolute path. */
  readonly folder: string;
  readonly pictureCount: number;
  /** Pictures that the stream held; more than `pictureCount` if it was thinned. */
  readonly seenCount: number;
  readonly sizeBytes: number;
}

const EXTENSION = '.bin';

/** Names that {@link fileName} makes, to distinguish the set from a folder of compiled models. */
const OWN_NAME = /^\d{6,}_[\w.-]*\.bin$/;

/**
 * Writes the pictures as hb_mapper takes them with `cal_data_type: float32`: one file a picture, R, G and B
 * planes of little-endian float32 in 0..255, nothing else in the folder. The folder appears whole or not at all.
 *
 * @throws EffvitError NOT_FOUND if the stream holds no picture; IO_FAILED; CANCELLED
 */
export async function writeCalibrationSet(
  pictures: AsyncIterable<PicturePlanes>,
  options: CalibrationSetOptions,
): Promise<CalibrationSet> {
  const folder = resolve(options.folder);
  await refuseForeignFolder(folder);
  const { kept, seen } = await writeFolderAtomic(folder, async (part) => {
    const written = await writePictures(pictures, part, options);
    if (written.kept > 0) return written;
    throw new EffvitError(
      'NOT_FOUND',
      'There is no picture to calibrate on: name a folder, a bag or a list with some.',
    );
  });
  return {
    folder,
    pictureCount: kept,
    seenCount: seen,
    sizeBytes: kept * options.valuesPerPicture * Float32Array.BYTES_PER_ELEMENT,
  };
}

/** Only a set written by this function may be replaced, so that a typo does not destroy the user's files. */
async function refuseForeignFolder(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return;
    throw asEffvitError(error, 'IO_FAILED', `Cannot look into ${folder}`, { file: folder });
  }
  const foreign = names.find((name) => !OWN_NAME.test(name));
  if (foreign !== undefined) {
    throw fileError(
      'BAD_ARGUMENT',
      folder,
      `holds ${foreign}, which is no part of a calibration set: name another folder or empty this one`,
    );
  }
}

async function writePictures(
  pictures: AsyncIterable<PicturePlanes>,
  part: string,
  { maxPictures = 512, valuesPerPicture, signal, onPicture }: CalibrationSetOptions,
): Promise<{ kept: number; seen: number }> {
  let files: string[] = [];
  let seen = 0;
  // Every stride-th picture is kept; the stride doubles when the limit is passed, which needs no length ahead.
  let stride = 1;
  for await (const { source, planes } of pictures) {
    throwIfCancelled(signal);
    if (planes.length !== valuesPerPicture) {
      throw new EffvitError(
        'MISMATCH',
        `The picture ${source} has ${planes.length} values where the model takes ${valuesPerPicture}.`,
        { context: { source } },
      );
    }
    const index = seen++;
    if (index % stride !== 0) continue;
    if (files.length === maxPictures) {
      await Promise.all(files.filter((_, place) => place % 2 === 1).map((name) => rm(join(part, name))));
      files = files.filter((_, place) => place % 2 === 0);
      stride *= 2;
      if (index % stride !== 0) continue;
    }
    const name = fileName(index, source);
    await writeWhole(join(part, name), planes);
    files.push(name);
    onPicture?.(files.length);
  }
  return { kept: files.length, seen };
}

/** Sorted as the stream was, and still to be recognised by a person. */
function fileName(index: number, source: string): string {
  const stem = basename(source, extname(source))
    .replace(/[^\w.-]+/g, '_')
    .slice(0, 60);
  return `${String(index).padStart(6, '0')}_${stem}${EXTENSION}`;
}

async function writeWhole(path: string, values: Float32Array): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    await handle.sync();
  } finally {
    await handle.close();
  }
}
