import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLabelledPictures } from '../../../src/classify/labelledPictures.js';

const LABELS = ['tench, Tinca tinca', 'goldfish', 'no entry'];

describe('labelledPictures', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'effvit-labelled-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('reads lines of path and index, with comments, spaces and relative paths', async () => {
    const list = join(folder, 'list.txt');
    await writeFile(list, '# held out\na b.jpg 1\r\n\n/abs/c.png\t2\n');
    assert.deepEqual(await readLabelledPictures(list, LABELS), [
      { path: join(folder, 'a b.jpg'), classIndex: 1 },
      { path: '/abs/c.png', classIndex: 2 },
    ]);
  });

  it('reads a folder per class, named by index, label or synonym', async () => {
    for (const name of ['0', 'goldfish', 'No_Entry', 'Tinca tinca']) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'p.JPG'), '');
      await writeFile(join(folder, name, 'notes.txt'), '');
    }
    const pictures = await readLabelledPictures(folder, LABELS);
    assert.deepEqual(
      pictures.map((picture) => picture.classIndex),
      [0, 2, 0, 1],
    );
  });

  it('names the line, the folder or the path that is wrong', async () => {
    const list = join(folder, 'list.txt');
    await writeFile(list, 'a.jpg 1\nb.jpg 3\n');
    await assert.rejects(readLabelledPictures(list, LABELS), /list\.txt, line 2: .*below 3.*"b\.jpg 3"/);
    await writeFile(list, 'a.jpg\n');
    await assert.rejects(readLabelledPictures(list, LABELS), /line 1/);
    await writeFile(list, '# nothing\n');
    await assert.rejects(readLabelledPictures(list, LABELS), /names no picture/);
    await assert.rejects(readLabelledPictures(join(folder, 'absent'), LABELS), /There is no list or folder/);
    await mkdir(join(folder, 'unicorn'));
    await assert.rejects(readLabelledPictures(folder, LABELS), /unicorn names no class/);
  });
});
