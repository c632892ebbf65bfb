import assert from 'node:assert/strict';
import { classProbabilities } from '../../../src/pool/classProbabilities.js';
import { topK } from '../../../src/pool/topK.js';

describe('classProbabilities', () => {
  const values = Float32Array.of(1, -2, 4, 3.5);

  for (const temperature of [1, 0.5, 2.5]) {
    it(`gives the scores that topK gives, of all classes, at temperature ${temperature}`, () => {
      const scores = classProbabilities(values, 'logits', temperature);
      for (const { index, score } of topK(values, 4, 'logits', temperature))
        assert.equal(scores[index], score);
      assert.ok(Math.abs(scores.reduce((sum, score) => sum + score, 0) - 1) < 1e-12);
    });
  }

  it('divides the logits by the temperature', () => {
    const [first = 0, second = 0] = classProbabilities(Float32Array.of(0, 3), 'logits', 3);
    assert.ok(Math.abs(second / first - Math.E) < 1e-12);
  });

  it('takes probabilities as they are, and as a softmax with a temperature', () => {
    const probabilities = Float32Array.of(0.2, 0.8, 0);
    assert.deepEqual([...classProbabilities(probabilities, 'probabilities')], [...probabilities]);
    const [low = 0, high = 0, none = 1] = classProbabilities(probabilities, 'probabilities', 2);
    assert.ok(Math.abs(high / low - 2) < 1e-6);
    assert.ok(none < 1e-20);
    const [best] = topK(probabilities, 1, 'probabilities', 2);
    assert.equal(best?.score, high);
  });
});
