import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LatencyHistogram } from '../../../src/stats/LatencyHistogram.js';

const RELATIVE_ERROR = 1 / 128;

/** Nearest rank over the values themselves. */
function exactPercentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.min(Math.max(Math.ceil(fraction * sorted.length), 1), sorted.length);
  return sorted[rank - 1] ?? 0;
}

function recorded(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('LatencyHistogram', () => {
  it('gives zeros where nothing was recorded', () => {
    assert.deepEqual(new LatencyHistogram().summary(), {
      count: 0,
      meanNs: 0,
      p50Ns: 0,
      p95Ns: 0,
      p99Ns: 0,
      maxNs: 0,
    });
  });

  it('gives one value back as every percentile, exactly', () => {
    const { count, ...rest } = recorded([17_345_678]).summary();
    assert.equal(count, 1);
    assert.deepEqual(new Set(Object.values(rest)), new Set([17_345_678]));
  });

  it('keeps percentiles within 1/128 of the nearest rank, count, mean and maximum exact', () => {
    const latencies = fc.array(fc.integer({ min: 1, max: 2 ** 41 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(latencies, fc.double({ min: 0, max: 1, noNaN: true }), (values, fraction) => {
        const histogram = recorded(values);
        const exact = exactPercentile(values, fraction);
        assert.ok(Math.abs(histogram.percentileNs(fraction) - exact) <= exact * RELATIVE_ERROR);
        const { count, meanNs, maxNs } = histogram.summary();
        assert.equal(count, values.length);
        assert.equal(maxNs, Math.max(...values));
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        assert.ok(Math.abs(meanNs - mean) <= mean * 1e-12);
      }),
    );
  });

  it('merges into what one histogram of both would hold', () => {
    const values = fc.array(fc.integer({ min: 1, max: 1e10 }), { maxLength: 100 });
    fc.assert(
      fc.property(values, values, (left, right) => {
        const merged = recorded(left);
        merged.merge(recorded(right));
        assert.deepEqual(merged.summary(), recorded([...left, ...right]).summary());
      }),
    );
  });

  it('starts anew after reset', () => {
    const histogram = recorded([5, 6, 7e9]);
    histogram.reset();
    histogram.record(1000);
    assert.deepEqual(histogram.summary(), recorded([1000]).summary());
  });

  it('counts what no clock should give without losing the others', () => {
    const histogram = recorded([Number.NaN, -5, 0, 2 ** 50]);
    assert.equal(histogram.count, 4);
    assert.ok(Math.abs(histogram.percentileNs(0.5) - 1) <= RELATIVE_ERROR);
    assert.equal(histogram.summary().maxNs, 2 ** 50);
  });
});
