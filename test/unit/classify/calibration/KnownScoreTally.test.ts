import assert from 'node:assert/strict';
import { KnownScoreTally } from '../../../../src/classify/calibration/KnownScoreTally.js';
import { knownScore } from '../../../../src/classify/calibration/knownScore.js';

describe('KnownScoreTally', () => {
  it('has the scores by their formulas', () => {
    const logits = Float32Array.of(1, 2, -3);
    assert.equal(knownScore(logits, 'max_logit'), 2);
    const energy = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(-3));
    assert.ok(Math.abs(knownScore(logits, 'energy') - energy) < 1e-12);
    assert.equal(knownScore(Float32Array.of(1e4, 1e4), 'energy'), 1e4 + Math.LN2);
  });

  it('compares pictures of the classes with others, equal scores counted half', () => {
    const tally = new KnownScoreTally();
    for (const score of [1, 4, 5, 5]) tally.add(Float32Array.of(score), false);
    for (const score of [0, 4, 5]) tally.add(Float32Array.of(score), true);
    const [, maxLogit] = tally.reports();
    assert.deepEqual(maxLogit, {
      kind: 'max_logit',
      p1: 1,
      p5: 1,
      p50: 4,
      // 1: 1 of 3; 4: 1.5; 5: 2.5 twice.
      others: { auroc: 7.5 / 12, rejectedAtP5Percent: 100 / 3 },
    });
    assert.deepEqual(tally.rejections('max_logit', 4.5), {
      kind: 'max_logit',
      threshold: 4.5,
      rejected: 2,
      othersRejected: 2,
    });
  });

  it('has percentiles alone where there are no others, and nothing without a picture', () => {
    const tally = new KnownScoreTally();
    assert.deepEqual(tally.reports(), []);
    for (let score = 1; score <= 100; score++) tally.add(Float32Array.of(score), false);
    const [, maxLogit] = tally.reports();
    assert.deepEqual(maxLogit, { kind: 'max_logit', p1: 1, p5: 5, p50: 50 });
  });
});
