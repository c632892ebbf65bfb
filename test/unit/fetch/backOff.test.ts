import assert from 'node:assert/strict';
import fc from 'fast-check';
import { backOffMs, retryAfterMs } from '../../../src/fetch/backOff.js';

const LIMITS = { baseDelayMs: 1000, maxDelayMs: 30_000 };

describe('backOff', () => {
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

  it('reads Retry-After as seconds or as a date', () => {
    const nowMs = Date.parse('2026-01-02T03:04:05Z');
    assert.equal(retryAfterMs('120', nowMs), 120_000);
    assert.equal(retryAfterMs('Fri, 02 Jan 2026 03:05:05 GMT', nowMs), 60_000);
    assert.equal(retryAfterMs('Fri, 02 Jan 2026 03:00:00 GMT', nowMs), 0);
    for (const unusable of [undefined, '', '-5', 'soon', '99999999999']) {
      assert.equal(retryAfterMs(unusable, nowMs), undefined, unusable);
    }
  });
});
