import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { readCalibrationSet, writeCalibrationSet } from '../../../src/quantize/calibrationSet.js';
import type { PicturePlanes } from '../../../src/quantize/FramePlanes.js';
import { assertRejected } from '../../helpers/assertRefused.js';

const VALUES = 12;

async function* pictures(count: number, failAt = Number.POSITIVE_INFINITY): AsyncGenerator<PicturePlanes> {
  for (let index = 0; index < count; index++) {
    if (index === failAt) throw new EffvitError('BAD_IMAGE', 'The image from x.png is torn.');
    yield {
      source: `/somewhere/front door ${index}.png`,
      planes: new Float32Array(VALUES).fill(index + 0.5),
    };
  }
}

describe('writeCalibrationSet and readCalibrationSet', () => {
  let root = '';
  let folder = '';

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'effvit-calibration-'));
    folder = join(root, 'deep', 'calibration_data_rgb_f32');
  });

  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  it('writes one raw float32 file a picture and nothing else', async () => {
    const set = await writeCalibrationSet(pictures(3), { folder, valuesPerPicture: VALUES });
    assert.deepEqual(set, { folder, pictureCount: 3, seenCount: 3, sizeBytes: 3 * VALUES * 4 });
    const names = (await readdir(folder)).sort();
    assert.deepEqual(names, [
      '000000_front_door_0.bin',
      '000001_front_door_1.bin',
      '000002_front_door_2.bin',
    ]);
    const bytes = await readFile(join(folder, names[1] ?? ''));
    assert.equal(bytes.length, VALUES * 4);
    for (let index = 0; index < VALUES; index++) assert.equal(bytes.readFloatLE(4 * index), 1.5);
    assert.deepEqual(await readdir(join(root, 'deep')), ['calibration_data_rgb_f32'], 'no traces beside it');
  });

  it('reads back what was written, any number of times', async () => {
    await writeCalibrationSet(pictures(4), { folder, valuesPerPicture: VALUES });
    for (let round = 0; round < 2; round++) {
      const values: (number | undefined)[] = [];
      for await (const { planes } of readCalibrationSet(folder, VALUES)) {
        assert.equal(planes.length, VALUES);
        values.push(planes[VALUES - 1]);
      }
      assert.deepEqual(values, [0.5, 1.5, 2.5, 3.5]);
    }
  });

  it('thins a long stream evenly', async () => {
    const set = await writeCalibrationSet(pictures(1000), {
      folder,
      valuesPerPicture: VALUES,
      maxPictures: 10,
    });
    assert.equal(set.seenCount, 1000);
    const indices = (await readdir(folder)).sort().map((name) => Number(name.slice(0, 6)));
    assert.equal(indices.length, set.pictureCount);
    assert.ok(indices.length > 5 && indices.length <= 10, `${indices.length}`);
    const distance = indices[1] ?? 0;
    assert.deepEqual(
      indices,
      indices.map((_, place) => place * distance),
    );
    assert.ok((indices.at(-1) ?? 0) + distance >= 1000, 'the end of the stream is in it');
  });

  it('replaces an older set as a whole', async () => {
    await writeCalibrationSet(pictures(5), { folder, valuesPerPicture: VALUES });
    await writeCalibrationSet(pictures(2), { folder, valuesPerPicture: VALUES });
    assert.equal((await readdir(folder)).length, 2);
  });

  it('leaves the older set where the new one fails', async () => {
    await writeCalibrationSet(pictures(5), { folder, valuesPerPicture: VALUES });
    await assertRejected(
      writeCalibrationSet(pictures(9, 7), { folder, valuesPerPicture: VALUES }),
      'BAD_IMAGE',
      /torn/,
    );
    assert.equal((await readdir(folder)).length, 5);
    assert.deepEqual(await readdir(join(root, 'deep')), ['calibration_data_rgb_f32']);
  });

  it('writes nothing for no pictures', async () => {
    await assertRejected(
      writeCalibrationSet(pictures(0), { folder, valuesPerPicture: VALUES }),
      'NOT_FOUND',
      /no picture to calibrate on/,
    );
    assert.deepEqual(await readdir(join(root, 'deep')), []);
  });

  it('stops at its limit', async () => {
    const controller = new AbortController();
    await assertRejected(
      writeCalibrationSet(pictures(100), {
        folder,
        valuesPerPicture: VALUES,
        signal: controller.signal,
        onPicture: (written) => {
          if (written === 3) controller.abort();
        },
      }),
      'CANCELLED',
      /cancelled/,
    );
    assert.deepEqual(await readdir(join(root, 'deep')), []);
  });

  it("never replaces a folder with a user's own files", async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'thesis.tex'), 'years of work');
    await assertRejected(
      writeCalibrationSet(pictures(2), { folder, valuesPerPicture: VALUES }),
      'BAD_ARGUMENT',
      /holds thesis\.tex/,
    );
    assert.deepEqual(await readdir(folder), ['thesis.tex']);
  });

  it('refuses a picture of another size', async () => {
    await assertRejected(
      writeCalibrationSet(pictures(2), { folder, valuesPerPicture: 13 }),
      'MISMATCH',
      /front door 0\.png has 12 values where the model takes 13/,
    );
  });

  it('refuses folders that are no set', async () => {
    await assertRejected(readCalibrationSet(folder, VALUES).next(), 'NOT_FOUND', /No folder/);
    await mkdir(folder, { recursive: true });
    await assertRejected(readCalibrationSet(folder, VALUES).next(), 'NOT_FOUND', /holds no \.bin file/);
    await writeFile(join(folder, 'a.bin'), new Uint8Array(47));
    await assertRejected(
      readCalibrationSet(folder, VALUES).next(),
      'MISMATCH',
      /a\.bin has 47 bytes where .* has 48/,
    );
  });
});
