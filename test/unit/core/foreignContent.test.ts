import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { foreignContent, refuseForeignFile } from '../../../src/core/foreignContent.js';
import { optimizedModel } from '../../../src/inference/onnx/optimizedModel.js';
import { inspectModelFile } from '../../../src/inspect/inspectModelFile.js';
import { readBpuFile } from '../../../src/model/readBpuFile.js';
import { readOnnx } from '../../../src/onnx/readOnnx.js';
import { readWeights } from '../../../src/weights/readWeights.js';
import { assertRejected } from '../../helpers/assertRefused.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const FILES = [
  ['', /is empty: it was not/],
  [
    'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 123\n',
    /Git LFS pointer .*git lfs pull/,
  ],
  ['<!DOCTYPE html>\n<html><body>Sign in</body></html>', /is an HTML page/],
  ['\ufeff\n  <HTML lang="en">', /is an HTML page/],
  ['<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', /is an XML text/],
  ['\x1f\x8b\x08\x00', /packed by gzip/],
] as const;

describe('foreignContent', () => {
  const scratch = scratchFolder();

  it('names what was given for a model', () => {
    for (const [text, message] of FILES) {
      assert.match(
        foreignContent(Buffer.from(text, text.startsWith('\x1f') ? 'latin1' : 'utf8')) ?? '',
        message,
      );
    }
  });

  it('has nothing to say of models, and of other text', () => {
    for (const start of ['\x08\x08\x12\x07pytorch', 'PK\x03\x04', '\x80\x02', 'ORTM', 'name: mine']) {
      assert.equal(foreignContent(Buffer.from(start, 'latin1')), undefined);
    }
  });

  it('leaves absent files and folders to their readers', async () => {
    await refuseForeignFile(scratch.path('absent.onnx'), 'BAD_MODEL');
    mkdirSync(scratch.path('folder'));
    await refuseForeignFile(scratch.path('folder'), 'BAD_MODEL');
  });

  it('is asked by everything that reads a model', async () => {
    const path = scratch.path('model.onnx');
    for (const [text, message] of FILES) {
      writeFileSync(path, text, text.startsWith('\x1f') ? 'latin1' : 'utf8');
      await assertRejected(readOnnx(path), 'BAD_MODEL', message);
      await assertRejected(optimizedModel(path), 'BAD_MODEL', message);
      await assertRejected(inspectModelFile(path), 'BAD_MODEL', message);
      await assertRejected(readBpuFile(path), 'BAD_MODEL', message);
      await assertRejected(readWeights(path), 'BAD_WEIGHTS', message);
    }
  });
});
