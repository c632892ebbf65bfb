import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listCalibrationPictures, spread } from '../../../src/quantize/calibrationSet.js';
import { assertRejected } from '../../helpers/assertRefused.js';

describe('listCalibrationPictures', () => {
  let root = '';

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'effvit-pictures-'));
    await mkdir(join(root, 'set', 'cats'), { recursive: true });
    await mkdir(join(root, 'empty'));
    for (const name of ['b.PNG', 'a.jpg', 'cats/c.jpeg', 'notes.txt'])
      await writeFile(join(root, 'set', name), '');
    await writeFile(join(root, 'empty', 'readme.md'), '');
    await writeFile(
      join(root, 'list.txt'),
      '# labelled\nset/a.jpg 3\n\nset/my cat.png\t17\n/abs/x.jpeg\nno picture\n',
    );
    await writeFile(join(root, 'none.txt'), '# nothing\n');
  });

  after(async () => {
    await rm(root, { recursive: true, force: true });
  });

  it('finds the pictures of a folder and those in it, sorted', async () => {
    assert.deepEqual(
      await listCalibrationPictures(join(root, 'set'), 100),
      ['a.jpg', 'b.PNG', 'cats/c.jpeg'].map((name) => join(root, 'set', name)),
    );
  });

  it('reads lists with and without classes', async () => {
    assert.deepEqual(await listCalibrationPictures(join(root, 'list.txt'), 100), [
      join(root, 'set/a.jpg'),
      join(root, 'set/my cat.png'),
      '/abs/x.jpeg',
    ]);
  });

  it('says what is missing', async () => {
    await assertRejected(listCalibrationPictures(join(root, 'empty'), 9), 'NOT_FOUND', /empty has no \.jpg/);
    await assertRejected(listCalibrationPictures(join(root, 'none.txt'), 9), 'NOT_FOUND', /none\.txt has no/);
    await assertRejected(
      listCalibrationPictures(join(root, 'nowhere'), 9),
      'NOT_FOUND',
      /There is no folder or list/,
    );
  });

  it('chooses evenly', () => {
    const items = Array.from({ length: 10 }, (_, index) => index);
    assert.deepEqual(spread(items, 5), [0, 2, 4, 6, 8]);
    assert.deepEqual(spread(items, 3), [0, 3, 6]);
    assert.deepEqual(spread(items, 20), items);
    assert.equal(spread(items, 10).length, 10);
  });
});
