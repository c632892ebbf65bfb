import assert from 'node:assert/strict';
import { largestPairs } from '../../../src/fit/saturatingNodes.js';

describe('largestPairs', () => {
  it('adds neighbours of one sign, wherever a pair begins', () => {
    assert.deepEqual([...largestPairs([1, 2, 4, -8, -1, 16], [1, 6], 0)], [16]);
    assert.deepEqual([...largestPairs([1, 2, 4, -8, -9, 16], [1, 6], 0)], [17]);
    assert.deepEqual([...largestPairs([1, 9, 9, -8, -1, 16], [1, 6], 0)], [18]);
  });

  it('keeps the channels apart, in the first axis and in the last', () => {
    assert.deepEqual([...largestPairs([1, 2, 3, 4], [2, 2], 0)], [3, 7]);
    assert.deepEqual([...largestPairs([1, 2, 3, 4], [2, 2], 1)], [4, 6]);
  });

  it('meets the inputs of one position of a kernel, too', () => {
    // Two inputs of 1x3: the large weights lie three apart in the tensor, side by side at their position.
    assert.deepEqual([...largestPairs([0, 5, 0, 0, 6, 0], [1, 2, 1, 3], 0)], [11]);
  });
});
