import assert from 'node:assert/strict';
import { nearestName } from '../../../src/core/nearestName.js';

describe('nearestName', () => {
  const keys = ['march', 'onnx_model', 'working_dir', 'node_info'];

  it('finds what was mistyped', () => {
    assert.equal(nearestName('marhc', keys), 'march');
    assert.equal(nearestName('Working_Dir', keys), 'working_dir');
    assert.equal(nearestName('onnx_modle', keys), 'onnx_model');
  });

  it('prefers the nearest', () => {
    assert.equal(nearestName('abcde', ['abcxx', 'abcdx', 'axxxx']), 'abcdx');
  });

  it('finds nothing where nothing is near', () => {
    assert.equal(nearestName('calibration', keys), undefined);
    assert.equal(nearestName('', keys), undefined);
    assert.equal(nearestName('march', []), undefined);
  });
});
