import assert from 'node:assert/strict';
import { axisTaps } from '../../../src/image/AxisTaps.js';
import { columnTables, spreadRun } from '../../../src/image/columnTables.js';

const [, second = { first: 0, weights: [] }] = axisTaps({
  sourceLength: 10,
  scaledLength: 5,
  begin: 0,
  count: 5,
  filter: 'area',
  weightSum: 256,
});

describe('spreadRun', () => {
  it('spreads taps over values that lie apart', () => {
    assert.deepEqual(spreadRun(second, 0, 1, 0), { first: 2, weights: [128, 128] });
    assert.deepEqual(spreadRun(second, 0, 2, 1), { first: 5, weights: [128, 0, 128] });
  });

  it('adds up the weights of positions that share a sample of chroma', () => {
    assert.deepEqual(spreadRun(second, 1, 2, 1), { first: 3, weights: [256] });
    const [, wide = second] = axisTaps({
      sourceLength: 9,
      scaledLength: 3,
      begin: 0,
      count: 3,
      filter: 'area',
      weightSum: 300,
    });
    // Columns 3, 4 and 5: chroma 1 once, chroma 2 twice, four values apart.
    assert.deepEqual(spreadRun(wide, 1, 4, 0), { first: 4, weights: [100, 0, 0, 0, 200] });
  });
});

describe('columnTables', () => {
  it('groups pairs by four outputs and fills up with zeros', () => {
    const runs = [
      { first: 0, weights: [1, 2, 3] },
      { first: 7, weights: [4] },
      { first: 8, weights: [5, 6] },
      { first: 9, weights: [7, 8, 9, 10] },
      { first: 11, weights: [11] },
    ];
    const { firsts, weights, pairs } = columnTables(runs);
    assert.equal(pairs, 2);
    assert.deepEqual([...firsts], [0, 7, 8, 9, 11, 0, 0, 0]);
    assert.deepEqual([...weights.subarray(0, 8)], [1, 2, 4, 0, 5, 6, 7, 8]);
    assert.deepEqual([...weights.subarray(8, 16)], [3, 0, 0, 0, 0, 0, 9, 10]);
    assert.deepEqual([...weights.subarray(16)], [11, ...new Array<number>(15).fill(0)]);
  });

  it('has one pair of zeros where there is nothing', () => {
    assert.deepEqual(columnTables([]), { firsts: new Int32Array(), weights: new Int16Array(), pairs: 1 });
  });
});
