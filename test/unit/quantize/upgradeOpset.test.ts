import assert from 'node:assert/strict';
import { intAttr, makeNode, standardOpset } from '../../../src/onnx/OnnxModel.js';
import { OrtRunner, probeFloatValues } from '../../../src/quantize/OrtRunner.js';
import { prepareFloatModel, upgradeOpset } from '../../../src/quantize/prepareFloatModel.js';
import { assertRefused } from '../../helpers/assertRefused.js';
import { attentionModel, noisePlanes } from '../../helpers/attentionModel.js';

describe('upgradeOpset', () => {
  it('gives a model of version 13 with the same results', async () => {
    const [picture] = noisePlanes(1);
    assert.ok(picture);
    const input = { dims: [1, 3, 16, 16], data: picture.planes.map((value) => value / 128 - 1) };
    const before = await OrtRunner.create(attentionModel());
    const model = attentionModel();
    prepareFloatModel(model);
    const floats = await probeFloatValues(model);
    upgradeOpset(model, (value) => floats.get(value)?.length);
    const after = await OrtRunner.create(model);
    assert.equal(standardOpset(model), 13);
    assert.deepEqual(await after.runForOutput(input), await before.runForOutput(input));
    await before.dispose();
    await after.dispose();
  });

  it('refuses a softmax over several axes, which version 13 has not', () => {
    const model = attentionModel();
    model.graph.nodes.find((node) => node.opType === 'Softmax')?.attributes.set('axis', intAttr(1));
    assertRefused(() => upgradeOpset(model, () => 3), 'UNSUPPORTED', /Softmax "softmax" has axis 1 of 3/);
    assertRefused(() => upgradeOpset(model, () => undefined), 'UNSUPPORTED', /unknown number of dimensions/);
  });

  it('refuses versions that it does not know', () => {
    const model = attentionModel();
    model.opsets = [{ domain: '', version: 9 }];
    assertRefused(() => upgradeOpset(model, () => 3), 'UNSUPPORTED', /opset 9: export it with opset 11/);
  });

  it('leaves newer versions and other domains alone', () => {
    const model = attentionModel();
    model.opsets = [{ domain: '', version: 17 }];
    const custom = { ...makeNode('Softmax', 'own', ['a'], ['b']), domain: 'com.example' };
    model.graph.nodes.push(custom);
    upgradeOpset(model, () => 3);
    assert.equal(standardOpset(model), 17);
    assert.equal(custom.attributes.size, 0);
  });
});
