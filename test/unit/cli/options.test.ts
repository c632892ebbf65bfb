import assert from 'node:assert/strict';
import { InvalidArgumentError } from 'commander';
import { integersParser, parseRate, parseRateOrMax, RATE_RANGE } from '../../../src/cli/options.js';

describe('integersParser', () => {
  const parse = integersParser(1, 16);

  it('takes integers and ranges, each once and in the order of the text', () => {
    assert.deepEqual(parse('8,1,4'), [8, 1, 4]);
    assert.deepEqual(parse('3'), [3]);
    assert.deepEqual(parse(' 2 , 1-4,16'), [2, 1, 3, 4, 16]);
  });

  for (const text of ['', ',', '0', '17', '1.5', '-1', '4-2', '1-17', '0-3', 'two', '1,,2', '1-2-3', '1e1']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parse(text), {
        message: `Expected integers from 1 to 16 with commas between them, or a range like 1-16, but received ${text}.`,
      });
    });
  }
});

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
