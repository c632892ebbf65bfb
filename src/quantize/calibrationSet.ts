import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { picturesAt } from '../classify/pictureFiles.js';
import { asEffvitError, EffvitError, fileError, isMissing, readError } from '../core/EffvitError.js';
import { writeFolderAtomic } from '../core/writeFileAtomic.js';
import type { PicturePlanes } from './FramePlanes.js';
import { throwIfCancelled } from './OrtRunner.js';

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

export type CalibrationSet = Awaited<ReturnType<typeof writeCalibrationSet>>;

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
) {
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
    /** Absolute path. */
    folder,
    pictureCount: kept,
    /** Pictures that the stream held; more than `pictureCount` if it was thinned. */
    seenCount: seen,
    sizeBytes: kept * options.valuesPerPicture * Float32Array.BYTES_PER_ELEMENT,
  };
}

/** Only a set written by this function may be replaced, so that a typo does not destroy the user's files. */
async function refuseForeignFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw asEffvitError(error, 'IO_FAILED', `Cannot look into ${folder}`, { file: folder });
  });
  const foreign = names.find((name) => !OWN_NAME.test(name));
  if (foreign === undefined) return;
  throw fileError(
    'BAD_ARGUMENT',
    folder,
    `holds ${foreign}, which is no part of a calibration set: name another folder or empty this one`,
  );
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
    const bytes = new Uint8Array(planes.buffer, planes.byteOffset, planes.byteLength);
    await writeFile(join(part, name), bytes, { flag: 'wx', flush: true });
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
  return `${String(index).padStart(6, '0')}_${stem}.bin`;
}

/**
 * The pictures of a folder of float32 .bin files, as writeCalibrationSet makes it and hb_mapper takes it, in the order
 * of their names. All sizes are checked before the first is read.
 *
 * @throws EffvitError NOT_FOUND without such files; MISMATCH for a file of another size; IO_FAILED
 */
export async function* readCalibrationSet(
  folder: string,
  valuesPerPicture: number,
): AsyncGenerator<PicturePlanes> {
  const found = await readdir(folder).catch((error: unknown) => {
    throw readError(error, folder, `No folder ${folder}: name the folder of a calibration set.`);
  });
  const paths = found
    .filter((name) => extname(name) === '.bin')
    .sort()
    .map((name) => join(folder, name));
  if (paths.length === 0) {
    throw fileError('NOT_FOUND', folder, 'holds no .bin file: name the folder of a calibration set');
  }
  const expectedBytes = valuesPerPicture * Float32Array.BYTES_PER_ELEMENT;
  for (const path of paths) {
    const { size } = await stat(path);
    if (size === expectedBytes) continue;
    const expected = `where one float32 picture of the model has ${expectedBytes}`;
    throw fileError('MISMATCH', path, `has ${size} bytes ${expected}`);
  }
  for (const path of paths) {
    const bytes = await readFile(path);
    if (bytes.length !== expectedBytes) throw fileError('MISMATCH', path, 'changed while it was read');
    // Copied: the bytes of a pooled buffer need not lie at a multiple of four.
    yield { source: path, planes: new Float32Array(new Uint8Array(bytes).buffer) };
  }
}

/**
 * Paths of the pictures in a folder (and the folders in it), or in a list: a text file with a path a line,
 * relative to the list's folder, with or without a class index behind it; `#` begins a comment.
 *
 * @param maxCount at most so many, spread evenly over the sorted folder or the list, always the same ones
 * @throws EffvitError NOT_FOUND, IO_FAILED
 */
export async function listCalibrationPictures(path: string, maxCount: number): Promise<string[]> {
  return spread(await picturesAt(path), maxCount);
}

/** `count` of the items, the first included, at even distances. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  const places = Array.from({ length: count }, (_, index) => Math.floor((index * items.length) / count));
  return places.flatMap((place) => items.slice(place, place + 1));
}
