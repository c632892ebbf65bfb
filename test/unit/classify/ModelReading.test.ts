import assert from 'node:assert/strict';
import { activationDoubt } from '../../../src/classify/ModelReading.js';

const doubt = (values: number[], activation: 'logits' | 'probabilities') =>
  activationDoubt(Float32Array.from(values), { name: 'm', output: { activation } });

describe('activationDoubt', () => {
  it('has none where values and manifest agree', () => {
    assert.equal(doubt([2, -1, 0.5], 'logits'), undefined);
    assert.equal(doubt([0.5, 0.25, 0.25], 'probabilities'), undefined);
    // Sigmoids: each by itself.
    assert.equal(doubt([0.9, 0.8, 0.1], 'probabilities'), undefined);
    // By float16, a little beyond.
    assert.equal(doubt([1.001, -0.0005, 0], 'probabilities'), undefined);
  });

  it('detects probabilities that are taken for logits', () => {
    assert.match(doubt([0.7, 0.2, 0.1], 'logits') ?? '', /^The scores of m .* sum is 1.*activation: prob/);
    assert.equal(doubt([0.7, 0.2], 'logits'), undefined);
    assert.equal(doubt([1], 'logits'), undefined);
  });

  it('detects logits that are taken for probabilities', () => {
    assert.match(doubt([-3.25, 11], 'probabilities') ?? '', /from -3\.25 to 11\.0, so they are logits/);
    assert.match(doubt([0, 1.5], 'probabilities') ?? '', /from 0\.00 to 1\.50/);
  });

  it('says nothing of values that are no numbers', () => {
    for (const activation of ['logits', 'probabilities'] as const) {
      assert.equal(doubt([Number.NaN, 0.5], activation), undefined);
      assert.equal(doubt([], activation), undefined);
    }
  });
});
