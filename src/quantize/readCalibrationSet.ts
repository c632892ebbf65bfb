import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { EffvitError, fileError, readError } from '../core/EffvitError.js';
import type { PicturePlanes } from './PicturePlanes.js';

/** A set of calibration files that can be read any number of times. */
export interface CalibrationFiles {
  readonly folder: string;
  readonly fileCount: number;
  /** One picture after the other, in the order of their names. */
  pictures(): AsyncGenerator<PicturePlanes>;
}

/**
 * Opens a folder of float32 .bin files, as writeCalibrationSet makes it and hb_mapper takes it. All sizes are
 * checked before the first is read.
 *
 * @throws EffvitError NOT_FOUND without such files; MISMATCH for a file of another size; IO_FAILED
 */
export async function readCalibrationSet(
  folder: string,
  valuesPerPicture: number,
): Promise<CalibrationFiles> {
  const found = await readdir(folder).catch((error: unknown) => {
    throw readError(error, folder, `No folder ${folder}: name the folder of a calibration set.`);
  });
  const names = found.filter((name) => extname(name) === '.bin').sort();
  if (names.length === 0) {
    throw fileError('NOT_FOUND', folder, 'holds no .bin file: name the folder of a calibration set');
  }
  const expectedBytes = valuesPerPicture * Float32Array.BYTES_PER_ELEMENT;
  for (const name of names) {
    const { size } = await stat(join(folder, name));
    if (size !== expectedBytes) {
      throw new EffvitError(
        'MISMATCH',
        `${join(folder, name)} has ${size} bytes where one float32 picture of the model has ${expectedBytes}.`,
        { context: { file: join(folder, name) } },
      );
    }
  }
  return {
    folder,
    fileCount: names.length,
    async *pictures() {
      for (const name of names) {
        const path = join(folder, name);
        const bytes = await readFile(path);
        if (bytes.length !== expectedBytes) {
          throw fileError('MISMATCH', path, 'changed while it was read');
        }
        // Copied: the bytes of a pooled buffer need not lie at a multiple of four.
        yield { source: path, planes: new Float32Array(new Uint8Array(bytes).buffer) };
      }
    },
  };
}
