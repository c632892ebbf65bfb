import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBpuFile, readBpuTarget } from '../../../src/model/readBpuFile.js';

const MAGIC = Buffer.from([0x08, 0x01, 0x10, 0x01, 0x2a, 0x80, 0x01]);

/** A protobuf map entry of two strings, as the toolchain keeps its settings. */
function setting(key: string, value: string): Buffer {
  const text = Buffer.from(value);
  const length = text.length < 128 ? [text.length] : [(text.length & 0x7f) | 0x80, text.length >> 7];
  return Buffer.concat([
    Buffer.from([0x0a, key.length]),
    Buffer.from(key),
    Buffer.from([0x12, ...length]),
    text,
  ]);
}

describe('readBpuFile', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'effvit-bin-'));
    path = join(folder, 'model.bin');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('names the march, the chip, the models and the toolchain', async () => {
    const long = `/data/${'x'.repeat(300)}.onnx`;
    const content = Buffer.concat([
      MAGIC,
      Buffer.alloc(1000, 0xee),
      setting('BUILDER_VERSION', '1.24.3'),
      setting('HBDK_VERSION', ' 3.49.15 '),
      setting('MARCH', 'bayes-e'),
      setting('MODEL_PREFIX', 'first'),
      setting('ONNX_MODEL', long),
      setting('INPUT_TYPE_RT', ''),
      Buffer.alloc(50),
      setting('MODEL_PREFIX', 'second'),
      setting('MARCH', 'bayes-e'),
    ]);
    await writeFile(path, content);
    assert.deepEqual(await readBpuFile(path), {
      lengthBytes: content.length,
      march: 'bayes-e',
      chip: 'rdk-x5',
      modelNames: ['first', 'second'],
      batches: {},
      settings: { BUILDER_VERSION: '1.24.3', HBDK_VERSION: '3.49.15', ONNX_MODEL: long },
    });
  });

  it('reads several models that were packed, and how many pictures each takes', async () => {
    const content = Buffer.concat([
      Buffer.from([0x2a, 0x9a, 0x86, 0xd8, 0x01, 0x0a, 0x4a]),
      Buffer.alloc(100, 0xee),
      // In either order, as the vendor's maps come.
      setting('MODEL_PREFIX', 'alone'),
      setting('INPUT_SHAPE', '1x3x224x224;'),
      Buffer.alloc(50),
      setting('INPUT_SHAPE', '4x3x224x224;'),
      setting('MODEL_PREFIX', 'four'),
    ]);
    await writeFile(path, content);
    const info = await readBpuFile(path);
    assert.deepEqual(info.modelNames, ['alone', 'four']);
    assert.deepEqual(info.batches, { alone: 1, four: 4 });
  });

  it('finds the march in build options, and does not mistake a word for it', async () => {
    const cases: [string, string | undefined, string | undefined][] = [
      ['--march bayes-e --O3', 'bayes-e', 'rdk-x5'],
      ["{'march': 'bernoulli2'}", 'bernoulli2', 'rdk-x3'],
      ['march=bayes;', 'bayes', undefined],
      ['march=bayes-extra', undefined, undefined],
      ['march of time, march on', undefined, undefined],
      ['bayes-e without the key', undefined, undefined],
    ];
    for (const [text, march, chip] of cases) {
      await writeFile(path, Buffer.concat([MAGIC, Buffer.alloc(10), Buffer.from(text), Buffer.alloc(10)]));
      const info = await readBpuFile(path);
      assert.deepEqual([info.march, info.chip], [march, chip], text);
      assert.deepEqual(await readBpuTarget(path), { march, chip }, text);
    }
  });

  it('reads a large file in pieces and sees what lies across their borders', async () => {
    for (const at of [(1 << 20) - 5, (1 << 20) - 12, (2 << 20) - 1]) {
      const entry = setting('MARCH', 'bernoulli2');
      const filler = Buffer.alloc((3 << 20) - entry.length, 0x12);
      MAGIC.copy(filler);
      await writeFile(path, Buffer.concat([filler.subarray(0, at), entry, filler.subarray(at)]));
      const info = await readBpuFile(path);
      assert.equal(info.march, 'bernoulli2', `at ${at}`);
      assert.equal(info.lengthBytes, 3 << 20);
      assert.deepEqual(await readBpuTarget(path), { march: 'bernoulli2', chip: 'rdk-x3' }, `at ${at}`);
    }
  });

  it('passes over a value that is cut, overlong or no text', async () => {
    const head = Buffer.concat([Buffer.from([0x0a, 5]), Buffer.from('MARCH'), Buffer.from([0x12])]);
    for (const tail of [[], [9], [9, 0x62], [0xff, 0xff, 0xff], [0xff, 0x7f, 0x62], [3, 1, 2, 3]]) {
      await writeFile(path, Buffer.concat([MAGIC, head, Buffer.from(tail)]));
      assert.equal((await readBpuFile(path)).march, undefined, String(tail));
    }
  });

  it('refuses anything else', async () => {
    await assert.rejects(readBpuFile(path), { code: 'NOT_FOUND' });
    await assert.rejects(readBpuTarget(path), { code: 'NOT_FOUND' });
    await writeFile(path, '');
    await assert.rejects(readBpuFile(path), { code: 'BAD_MODEL', message: /is empty/ });
    await writeFile(path, 'hello');
    await assert.rejects(readBpuFile(path), { code: 'BAD_MODEL', message: /not a compiled BPU model/ });
    await assert.rejects(readBpuFile(folder), { code: 'IO_FAILED' });
  });
});
