import assert from 'node:assert/strict';
import fc from 'fast-check';
import { topK } from '../../../src/pool/topK.js';

describe('topK', () => {
  it('gives the softmax of the logits, best first', () => {
    const results = topK(Float32Array.of(1, 3, 2), 3, 'logits');
    assert.deepEqual(
      results.map((entry) => entry.index),
      [1, 2, 0],
    );
    const sum = Math.exp(-2) + 1 + Math.exp(-1);
    assert.ok(Math.abs((results[0]?.score ?? 0) - 1 / sum) < 1e-12);
    assert.ok(Math.abs((results[2]?.score ?? 0) - Math.exp(-2) / sum) < 1e-12);
  });

  it('does not overflow on large logits', () => {
    const [first, second] = topK(Float32Array.of(1e4, 1e4 - 1, -1e4), 2, 'logits');
    assert.ok(Math.abs((first?.score ?? 0) - 1 / (1 + Math.exp(-1))) < 1e-6);
    assert.ok((second?.score ?? 1) < 0.27);
  });

  it('orders equal values by their index', () => {
    const results = topK(Float32Array.of(5, 7, 7, 5, 7), 5, 'logits');
    assert.deepEqual(
      results.map((entry) => entry.index),
      [1, 2, 4, 0, 3],
    );
  });

  it('takes probabilities as they are', () => {
    const results = topK(Float32Array.of(0.25, 0.75), 2, 'probabilities');
    assert.deepEqual(results, [
      { index: 1, score: 0.75 },
      { index: 0, score: 0.25 },
    ]);
  });

  it('keeps scores that rounding took out of range within it', () => {
    const scores = topK(Float32Array.of(1.0000001, -1e-7), 2, 'probabilities').map(({ score }) => score);
    assert.deepEqual(scores, [1, 0]);
  });

  it('gives all classes when k is larger', () => {
    assert.equal(topK(Float32Array.of(1, 2), 10, 'logits').length, 2);
  });

  it('agrees with sorting everything', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 20 }),
        (values, k) => {
          const expected = values
            .map((value, index) => ({ value, index }))
            .sort((a, b) => b.value - a.value || a.index - b.index)
            .slice(0, k)
            .map((entry) => entry.index);
          const actual = topK(Float32Array.from(values), k, 'logits');
          assert.deepEqual(
            actual.map((entry) => entry.index),
            expected,
          );
          assert.ok(actual.every((entry) => entry.score > 0 && entry.score <= 1));
        },
      ),
    );
  });
});
