import assert from 'node:assert/strict';
import { chooseRange, expectedSquaredError } from '../../../src/quantize/chooseRange.js';
import { ValueHistogram } from '../../../src/quantize/ValueHistogram.js';
import { seededValues } from '../../helpers/attentionModel.js';

/** Sums of twelve even values: nearly normal, mean 0, deviation 2. */
function normalValues(count: number): Float32Array {
  const next = seededValues(3);
  return Float32Array.from({ length: count }, () =>
    Array.from({ length: 12 }, next).reduce((a, b) => a + b, 0),
  );
}

function histogramOf(values: Float32Array): ValueHistogram {
  const histogram = new ValueHistogram();
  histogram.add(values);
  return histogram;
}

describe('chooseRange', () => {
  const values = normalValues(50_000);
  const withOutlier = Float32Array.from([...values, 100]);

  it('takes everything at percentile 1', () => {
    const range = chooseRange(histogramOf(withOutlier), { kind: 'max', percentile: 1 }, 256);
    assert.equal(range.max, 100);
    assert.equal(range.min, Math.min(...values));
  });

  it('cuts the given share at both ends', () => {
    const range = chooseRange(histogramOf(withOutlier), { kind: 'max', percentile: 0.99 }, 256);
    const sorted = withOutlier.toSorted();
    assert.ok(Math.abs(range.max - (sorted[Math.floor(0.99 * sorted.length)] ?? 0)) < 0.1);
    assert.ok(Math.abs(range.min - (sorted[Math.floor(0.01 * sorted.length)] ?? 0)) < 0.1);
  });

  it('clips an outlier by kl', () => {
    const range = chooseRange(histogramOf(withOutlier), { kind: 'kl' }, 256);
    assert.ok(range.max > 3 && range.max < 60, `${range.max}`);
  });

  it('clips an outlier by squared error where it is rare enough', () => {
    const histogram = histogramOf(withOutlier);
    for (let copies = 0; copies < 60; copies++) histogram.add(values);
    const range = chooseRange(histogram, { kind: 'mse' }, 256);
    assert.ok(range.max > 3 && range.max < 90, `${range.max}`);
  });

  it('finds a range of less squared error than the whole one', () => {
    const histogram = histogramOf(withOutlier);
    const whole = chooseRange(histogram, { kind: 'max', percentile: 1 }, 256);
    const best = chooseRange(histogram, { kind: 'mse' }, 256);
    assert.ok(expectedSquaredError(histogram, best, 256) <= expectedSquaredError(histogram, whole, 256));
  });

  it('predicts the squared error of rounding', () => {
    const range = { min: -12, max: 12 };
    const step = 24 / 255;
    const measured =
      values.reduce((sum, value) => sum + (Math.round(value / step) * step - value) ** 2, 0) / values.length;
    const expected = expectedSquaredError(histogramOf(values), range, 256);
    assert.ok(Math.abs(expected / measured - 1) < 0.02, `${expected} for ${measured}`);
  });

  it('does not let the zeros of a rectifier decide', () => {
    const rectified = values.map((value) => Math.max(0, value));
    const range = chooseRange(histogramOf(rectified), { kind: 'kl' }, 256);
    assert.equal(range.min, 0);
    assert.ok(range.max > 4, `${range.max} clips the values`);
  });

  it('holds zero always', () => {
    for (const kind of ['kl', 'mse'] as const) {
      const high = chooseRange(histogramOf(Float32Array.of(5, 6, 7)), { kind }, 256);
      const low = chooseRange(histogramOf(Float32Array.of(-5, -6, -7)), { kind }, 256);
      assert.equal(high.min, 0);
      assert.equal(low.max, 0);
    }
    assert.deepEqual(chooseRange(new ValueHistogram(), { kind: 'kl' }, 256), { min: 0, max: 0 });
  });
});
