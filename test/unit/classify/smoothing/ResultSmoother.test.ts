import assert from 'node:assert/strict';
import { ResultSmoother } from '../../../../src/classify/smoothing/ResultSmoother.js';
import type { SmoothingSettings } from '../../../../src/classify/smoothing/SmoothedStream.js';

const SETTINGS: SmoothingSettings = {
  method: 'majority',
  timeNs: 1e9,
  gapNs: 2e9,
  marginScore: 0,
  holdNs: 0,
  isOrdered: true,
};

describe('ResultSmoother', () => {
  it('smooths each stream by itself', () => {
    const smoother = new ResultSmoother(SETTINGS);
    smoother.take('/front', Float64Array.of(1, 0), 0n);
    assert.deepEqual([...(smoother.take('/rear', Float64Array.of(0, 1), 0n)?.scores ?? [])], [0, 1]);
    assert.deepEqual([...(smoother.take('/front', Float64Array.of(0, 1), 1n)?.scores ?? [])], [0.5, 0.5]);
  });

  it('forgets the stream that was unused for longest beyond a thousand', () => {
    const smoother = new ResultSmoother(SETTINGS);
    for (let track = 0; track < 1000; track++) smoother.take(`${track}`, Float64Array.of(1, 0), 0n);
    smoother.take('0', Float64Array.of(1, 0), 1n);
    smoother.take('another', Float64Array.of(1, 0), 1n);
    assert.deepEqual([...(smoother.take('0', Float64Array.of(0, 1), 2n)?.scores ?? [])], [2 / 3, 1 / 3]);
    assert.deepEqual([...(smoother.take('1', Float64Array.of(0, 1), 2n)?.scores ?? [])], [0, 1]);
  });
});
