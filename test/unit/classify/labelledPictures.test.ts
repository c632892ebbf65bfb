import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLabelledPictures } from '../../../src/classify/labelledPictures.js';
import { leftOutSentence } from '../../../src/classify/pictureFiles.js';
import { IMAGENET1K_LABELS_PATH, readLabelsFile } from '../../../src/model/labels.js';

const LABELS = ['tench, Tinca tinca', 'goldfish', 'no entry'];

describe('labelledPictures', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'effvit-labelled-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('reads lines of path and index, with comments, spaces and relative paths', async () => {
    const list = join(folder, 'list.txt');
    await writeFile(list, '# held out\na b.jpg 1\r\n\n/abs/c.png\t2\nd.jpg,0\n');
    assert.deepEqual((await readLabelledPictures(list, LABELS)).pictures, [
      { path: join(folder, 'a b.jpg'), classIndex: 1 },
      { path: '/abs/c.png', classIndex: 2 },
      { path: join(folder, 'd.jpg'), classIndex: 0 },
    ]);
  });

  it('reads a folder per class, named by index, label or synonym', async () => {
    for (const name of ['0', 'goldfish', 'No_Entry', 'Tinca tinca']) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'p.JPG'), '');
      await writeFile(join(folder, name, 'notes.txt'), '');
    }
    const { pictures, leftOut } = await readLabelledPictures(folder, LABELS);
    assert.deepEqual([...leftOut], [['.txt', 4]]);
    assert.deepEqual(
      pictures.map((picture) => picture.classIndex),
      [0, 2, 0, 1],
    );
  });

  async function classesOf(folders: readonly string[], labels: readonly string[]): Promise<number[]> {
    for (const name of folders) {
      await mkdir(join(folder, name), { recursive: true });
      await writeFile(join(folder, name, 'p.JPEG'), '');
    }
    return (await readLabelledPictures(folder, labels)).pictures.map(({ classIndex }) => classIndex);
  }

  const imagenet = async (extra: string[] = []) => [
    ...extra,
    ...(await readLabelsFile(IMAGENET1K_LABELS_PATH)),
  ];

  it("reads ImageNet's folders, also a few of them, and behind a background class", async () => {
    const wnids = ['n01440764', 'n01443537', 'n15075141'];
    assert.deepEqual(await classesOf(wnids, await imagenet()), [0, 1, 999]);
    assert.deepEqual(await classesOf(wnids, await imagenet(['background'])), [1, 2, 1000]);
  });

  it("reads the folders of a selection of ImageNet in their own order, if it is the model's", async () => {
    const wnids = ['n02123045', 'n01440764', 'n02099601'];
    assert.deepEqual(await classesOf(wnids, ['tench', 'golden retriever', 'tabby']), [0, 1, 2]);
    await assert.rejects(
      readLabelledPictures(folder, ['a', 'b', 'c', 'd']),
      /n01440764 names no class of the model, and 4 classes are not ImageNet's/,
    );
  });

  it('takes numbers by their value', async () => {
    const names = ['10', '2', '1'];
    const labels = Array.from({ length: 11 }, (_, index) => `class_${index}`);
    assert.deepEqual(await classesOf(names, labels), [1, 10, 2]);
  });

  it('refuses labels of more than one class, with all of their indices', async () => {
    const labels = (await imagenet()).map((label, index) => (label === 'crane' ? `crane (${index})` : label));
    assert.deepEqual(await classesOf(['crane (517)', 'maillot, tank suit'], labels), [517, 639]);
    for (const [name, message] of [
      [
        'crane',
        /\/crane names more than one class: 134 \(crane \(134\)\) and 517 .*call the folder by the index/,
      ],
      ['maillot', /\/maillot names more than one class: 638 \(maillot\) and 639 \(maillot, tank suit\)/],
    ] as const) {
      await assert.rejects(classesOf([name], labels), message);
      await rm(join(folder, name), { recursive: true });
    }
  });

  it('looks into the folders of a class and behind links, and counts what it leaves out', async () => {
    await mkdir(join(folder, '1', 'images'), { recursive: true });
    for (const name of ['1/images/a.jpg', '1/b.gif', '1/.DS_Store', 'c.png', 'README']) {
      await writeFile(join(folder, name), '');
    }
    await mkdir(join(folder, 'elsewhere'));
    await writeFile(join(folder, 'elsewhere', 'd.webp'), '');
    await rename(join(folder, 'elsewhere'), join(folder, '.elsewhere'));
    await symlink(join(folder, '.elsewhere'), join(folder, '2'));
    await symlink(folder, join(folder, '1', 'loop'));
    await symlink('nowhere.jpg', join(folder, '1', 'gone.jpg'));
    const { pictures, leftOut } = await readLabelledPictures(folder, LABELS);
    assert.deepEqual(
      pictures.map(({ path, classIndex }) => [path, classIndex]),
      [
        [join(folder, '1', 'images', 'a.jpg'), 1],
        [join(folder, '2', 'd.webp'), 2],
      ],
    );
    assert.equal(
      leftOutSentence(leftOut, 'x'),
      'Left out of x, being no .jpg, .jpeg, .png, .webp or .avif: 1 .gif, 1 broken links, 1 hidden, 1 outside of any class, 1 without an ending.',
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
