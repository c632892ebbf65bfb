import assert from 'node:assert/strict';
import fc from 'fast-check';
import { backOffMs } from '../../../src/fetch/FetchLimits.js';

const LIMITS = { baseDelayMs: 1000, maxDelayMs: 30_000 };

describe('backOffMs', () => {
  it('doubles up to its limit', () => {
    const full = [1, 2, 3, 4, 5, 6, 7].map((retry) => backOffMs(retry, LIMITS, () => 1));
    assert.deepEqual(full, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('is random in its upper half', () => {
    assert.equal(
      backOffMs(3, LIMITS, () => 0),
      2000,
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (retry, random) => {
          const fullMs = Math.min(30_000, 1000 * 2 ** (retry - 1));
          const delayMs = backOffMs(retry, LIMITS, () => random);
          assert.ok(delayMs >= fullMs / 2 && delayMs <= fullMs, `${delayMs}`);
        },
      ),
    );
  });
});
