import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename } from 'node:path';
import { prepareBackend } from '../../../../src/inference/createBackend.js';
import { optimizedModel } from '../../../../src/inference/onnx/optimizedModel.js';
import { writeOnnx } from '../../../../src/onnx/serializeOnnx.js';
import { leaveOut } from '../../../helpers/leaveOut.js';
import { plainClassifier } from '../../../helpers/plainClassifier.js';
import { scratchCache } from '../../../helpers/scratchCache.js';

const DAY_S = 86_400;

describe('optimizedModel', () => {
  const scratch = scratchCache();
  let modelPath: string;

  beforeEach(async () => {
    modelPath = scratch.path('model.onnx');
    await writeOnnx(modelPath, plainClassifier());
  });

  const cached = () => readdirSync(scratch.path('cache', 'onnx'));

  it('makes the file once, and finds it afterwards', async () => {
    const path = await optimizedModel(modelPath);
    assert.ok(path !== undefined);
    assert.deepEqual(cached(), [basename(path)]);
    // An .ort file names itself in its first bytes.
    assert.equal(readFileSync(path).subarray(4, 8).toString('latin1'), 'ORTM');
    const madeMs = statSync(path).ctimeMs;
    const inode = statSync(path).ino;
    assert.equal(await optimizedModel(modelPath), path);
    assert.equal(statSync(path).ino, inode);
    assert.ok(statSync(path).ctimeMs >= madeMs);
  });

  it('keeps models apart by their content, not by their name', async () => {
    const first = await optimizedModel(modelPath);
    await writeOnnx(modelPath, plainClassifier({ gain: 2 }));
    const second = await optimizedModel(modelPath);
    assert.notEqual(second, first);
    await writeOnnx(scratch.path('copy.onnx'), plainClassifier({ gain: 2 }));
    assert.equal(await optimizedModel(scratch.path('copy.onnx')), second);
  });

  it('can be made by many at once', async () => {
    const paths = await Promise.all(Array.from({ length: 6 }, () => optimizedModel(modelPath)));
    assert.equal(new Set(paths).size, 1);
    assert.equal(cached().length, 1);
  });

  it('leaves nothing behind of a model that is none', async () => {
    writeFileSync(modelPath, 'this is no model');
    assert.equal(await optimizedModel(modelPath), undefined);
    assert.deepEqual(cached(), []);
  });

  it('says when there is no such file, or none that can be read', async () => {
    await assert.rejects(optimizedModel(scratch.path('none.onnx')), {
      code: 'NOT_FOUND',
      message: `There is no model file ${scratch.path('none.onnx')}.`,
    });
    await assert.rejects(optimizedModel(scratch.path()), { code: 'IO_FAILED', message: /directory/ });
  });

  it('leaves models with external data and .ort files as they are', async () => {
    writeFileSync(
      modelPath,
      Buffer.concat([readFileSync(modelPath), Buffer.from('\x0a\x08location\x12\x01x')]),
    );
    assert.equal(await optimizedModel(modelPath), undefined);
    assert.equal(await optimizedModel(scratch.path('model.ort')), undefined);
  });

  it('does without where the cache folder cannot be written', async function () {
    if (process.getuid?.() === 0) {
      // Root writes everywhere but into a file.
      writeFileSync(scratch.path('cache'), 'a file where the folder should be');
    } else {
      mkdirSync(scratch.path('cache'));
      chmodSync(scratch.path('cache'), 0o500);
    }
    if (process.platform === 'win32') leaveOut(this, 'Windows has no such permissions.');
    assert.equal(await optimizedModel(modelPath), undefined);
    const spec = {
      kind: 'onnx',
      modelPath,
      yuvRange: 'full',
      input: { widthPx: 16, heightPx: 16, layout: 'nchw', color: 'rgb', mean: [0, 0, 0], scale: [1, 1, 1] },
    } as const;
    assert.deepEqual(await prepareBackend(spec), spec);
  });

  it('removes what nobody used for long, and what a killed process left', async () => {
    await optimizedModel(modelPath);
    const age = (name: string, days: number) => {
      const path = scratch.path('cache', 'onnx', name);
      writeFileSync(path, '');
      utimesSync(path, Date.now() / 1000 - days * DAY_S, Date.now() / 1000 - days * DAY_S);
    };
    age('old.ort', 91);
    age('young.ort', 89);
    age('left.part', 2);
    age('under-way.part', 0);
    await writeOnnx(modelPath, plainClassifier({ gain: 3 }));
    await optimizedModel(modelPath);
    const names = cached();
    assert.equal(names.length, 4);
    assert.ok(names.includes('young.ort') && names.includes('under-way.part'));
  });
});
