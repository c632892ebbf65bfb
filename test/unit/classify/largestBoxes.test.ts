import assert from 'node:assert/strict';
import { largestBoxes } from '../../../src/classify/largestBoxes.js';

const box = (widthPx: number, heightPx: number) => ({ leftPx: 0, topPx: 0, widthPx, heightPx });

describe('largestBoxes', () => {
  it('takes all where they are few enough', () => {
    assert.deepEqual(largestBoxes([box(1, 1), box(9, 9)], 2), [0, 1]);
    assert.deepEqual(largestBoxes([], 2), []);
  });

  it('takes the largest, in the order of the boxes', () => {
    assert.deepEqual(largestBoxes([box(1, 1), box(3, 3), box(2, 2), box(9, 9)], 3), [1, 2, 3]);
    assert.deepEqual(largestBoxes([box(5, 5), box(5, 5), box(5, 5)], 2), [0, 1]);
  });

  it('takes what is no box last', () => {
    const boxes = [box(Number.NaN, 5), box(Number.POSITIVE_INFINITY, 5), box(-9, -9), box(1, 1)];
    assert.deepEqual(largestBoxes(boxes, 1), [3]);
    assert.deepEqual(largestBoxes(boxes, 2), [2, 3]);
  });
});
