import assert from 'node:assert/strict';
import { integersParser } from '../../../src/cli/options.js';

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
