import assert from 'node:assert/strict';
import { InvalidArgumentError } from 'commander';
import { parseRate, parseRateOrMax, RATE_RANGE } from '../../../src/cli/playbackRate.js';

const BAD = ['', ' ', 'fast', 'NaN', '0', '-1', '0.009', '100.1', 'Infinity'] as const;

describe('playback rate', () => {
  it('takes factors of the range, ends included', () => {
    for (const rate of [RATE_RANGE.min, 0.5, 1, RATE_RANGE.max]) {
      assert.equal(parseRate(String(rate)), rate);
      assert.equal(parseRateOrMax(String(rate)), rate);
    }
  });

  it('takes max where there is no pace to keep', () => {
    assert.equal(parseRateOrMax('max'), 'max');
    assert.throws(() => parseRate('max'), InvalidArgumentError);
  });

  for (const text of BAD) {
    it(`refuses "${text}", with the range`, () => {
      const isOurs = (expected: RegExp) => (error: unknown) => {
        assert.ok(error instanceof InvalidArgumentError);
        assert.match(error.message, expected);
        return true;
      };
      assert.throws(() => parseRate(text), isOurs(/^Expected a number from 0\.01 to 100 but received/));
      assert.throws(
        () => parseRateOrMax(text),
        isOurs(/^Expected max or a factor from 0\.01 to 100 but received/),
      );
    });
  }
});
