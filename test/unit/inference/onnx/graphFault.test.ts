import assert from 'node:assert/strict';
import { loadFault } from '../../../../src/inference/onnx/graphFault.js';
import { OnnxBackend } from '../../../../src/inference/onnx/OnnxBackend.js';
import { writeOnnx } from '../../../../src/onnx/serializeOnnx.js';
import { assertRejected } from '../../../helpers/assertRefused.js';
import { plainClassifier } from '../../../helpers/plainClassifier.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

describe('loadFault', () => {
  const scratch = scratchFolder();
  const input = {
    widthPx: 16,
    heightPx: 16,
    layout: 'nchw',
    color: 'rgb',
    mean: [0, 0, 0],
    scale: [1, 1, 1],
  } as const;
  const load = () =>
    new OnnxBackend({ kind: 'onnx', modelPath: scratch.path('m.onnx'), input, yuvRange: 'full' }).load();

  it('says of files that are too new what ONNX Runtime reads, and how to write them', async () => {
    await writeOnnx(scratch.path('m.onnx'), { ...plainClassifier(), irVersion: 99 });
    await assertRejected(
      load(),
      'BAD_MODEL',
      /m\.onnx has ONNX IR version 99 and this .* up to \d+: write it/,
    );
    const opsets = [{ domain: '', version: 99 }];
    await writeOnnx(scratch.path('m.onnx'), { ...plainClassifier(), opsets });
    await assertRejected(load(), 'BAD_MODEL', /m\.onnx uses operators of opset 99 .*opset_version=17\.$/);
  });

  it('names the file of weights that is not beside its model', () => {
    const message =
      'External data path validation failed for initializer: w1. Error: x.cc:461 F External data path does not exist: "/m/ext.data"';
    assert.equal(
      loadFault('/m/ext.onnx', message),
      '/m/ext.onnx has its weights in /m/ext.data, which is not there: put it beside the model.',
    );
  });

  it("gives the first line of anything else in ONNX Runtime's words", () => {
    assert.equal(
      loadFault('m.onnx', 'It is broken.\nStack'),
      'ONNX Runtime cannot load m.onnx: It is broken. Give an .onnx classifier.',
    );
  });
});
