import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packagePath } from '../../../src/core/packageRoot.js';
import { defaultManifest } from '../../../src/model/defaultManifest.js';
import { IMAGENET1K_LABELS_PATH, loadLabels, readLabelsFile } from '../../../src/model/labels.js';
import type { LabelSource, ModelManifest } from '../../../src/model/ModelManifest.js';

describe('labels', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'effvit-labels-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function file(name: string, content: string | Uint8Array): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }

  function manifest(labels: LabelSource, classCount?: number): ModelManifest {
    return {
      ...defaultManifest('/x/mine.onnx'),
      labels,
      output: { activation: 'logits', ...(classCount === undefined ? {} : { classCount }) },
      folderPath: folder,
    };
  }

  it('ships ImageNet-1k in the usual order', async () => {
    const labels = await readLabelsFile(IMAGENET1K_LABELS_PATH);
    assert.equal(labels.length, 1000);
    assert.equal(labels[0], 'tench, Tinca tinca');
    assert.equal(labels[1], 'goldfish, Carassius auratus');
    assert.equal(labels[600], 'hook, claw');
    assert.equal(labels[985], 'daisy');
    assert.equal(labels[999], 'toilet tissue, toilet paper, bathroom tissue');
    assert.match(readFileSync(packagePath('models', 'labels', 'NOTICE'), 'utf8'), /Apache License/);
  });

  it('agrees with the list of the vendor zoo', async function () {
    const reference = packagePath('..', 'shared', 'data', 'ImageNet_1k.json');
    if (!existsSync(reference)) {
      console.log('      skipped: ../shared/data/ImageNet_1k.json is not on this machine');
      this.skip();
    }
    const expected: unknown = JSON.parse(readFileSync(reference, 'utf8'));
    assert.deepEqual(await readLabelsFile(IMAGENET1K_LABELS_PATH), expected);
  });

  it('gives a bare file with 1000 classes those, any other class_<index>', async () => {
    const auto = manifest({ kind: 'auto' });
    assert.equal((await loadLabels(auto, 1000))[600], 'hook, claw');
    assert.deepEqual(await loadLabels(auto, 3), ['class_0', 'class_1', 'class_2']);
    const withBackground = await loadLabels(auto, 1001);
    assert.deepEqual([withBackground[0], withBackground[601]], ['background', 'hook, claw']);
    // The one label that ImageNet has twice.
    const labels = await loadLabels(auto, 1000);
    assert.deepEqual([labels[134], labels[517]], ['crane (134)', 'crane (517)']);
    assert.equal(new Set(labels).size, 1000);
    const listed = manifest({ kind: 'list', labels: ['cat', 'dog'] });
    assert.deepEqual(await loadLabels(listed, 2), ['cat', 'dog']);
    await assert.rejects(loadLabels(listed, 3), /metadata of its graph has 2 labels but .* gives 3/);
    assert.equal((await loadLabels(manifest({ kind: 'none' }), 1000))[600], 'class_600');
  });

  it('reads text with either line end, a byte order mark and other alphabets', async () => {
    const path = file('a.txt', '\uFEFFein Schild\r\n  出口 \r\nstop');
    assert.deepEqual(await readLabelsFile(path), ['ein Schild', '出口', 'stop']);
    assert.deepEqual(await loadLabels(manifest({ kind: 'file', file: 'a.txt' }, 3), 3), [
      'ein Schild',
      '出口',
      'stop',
    ]);
  });

  it('reads JSON lists and JSON tables by index', async () => {
    assert.deepEqual(await readLabelsFile(file('list.json', '["a", "b"]')), ['a', 'b']);
    assert.deepEqual(await readLabelsFile(file('table.json', '{"1": "b", "0": "a"}')), ['a', 'b']);
  });

  const bad: [string, string, string | Uint8Array, RegExp][] = [
    ['an empty line', 'gap.txt', 'a\n\nb\n', /gap\.txt: line 2 is empty; every class needs a label\.$/],
    ['an empty line at the end', 'end.txt', 'a\nb\n\n', /end\.txt: line 3 is empty/],
    ['an empty file', 'empty.txt', '', /empty\.txt: line 1 is empty/],
    ['Latin-1', 'latin.txt', Buffer.from('caf\xe9\n', 'latin1'), /latin\.txt is not UTF-8 text/],
    ['broken JSON', 'broken.json', '["a",', /broken\.json is no JSON/],
    ['a number in a list', 'number.json', '["a", 2]', /number\.json: entry 1 is 2, no text/],
    ['a table with a gap', 'hole.json', '{"0": "a", "2": "b"}', /hole\.json must hold a JSON list/],
    ['a JSON text', 'text.json', '"a"', /text\.json must hold a JSON list/],
  ];
  for (const [name, path, content, message] of bad) {
    it(`refuses ${name}`, async () => {
      await assert.rejects(readLabelsFile(file(path, content)), { code: 'BAD_MANIFEST', message });
    });
  }

  it('refuses a count that does not fit', async () => {
    file('two.txt', 'a\nb\n');
    await assert.rejects(loadLabels(manifest({ kind: 'file', file: 'two.txt' }), 3), {
      code: 'BAD_MANIFEST',
      message: /two\.txt has 2 labels but mine gives 3 classes/,
    });
    await assert.rejects(loadLabels(manifest({ kind: 'none' }, 4), 3), {
      code: 'BAD_MANIFEST',
      message: /manifest of mine says 4 classes but the model gives 3/,
    });
  });

  it('names a labels file that is missing', async () => {
    await assert.rejects(loadLabels(manifest({ kind: 'file', file: 'none.txt' }), 3), {
      code: 'NOT_FOUND',
      message: /There is no labels file .*none\.txt/,
    });
  });
});
