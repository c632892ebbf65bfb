import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ValueHistogram } from '../../../src/quantize/ValueHistogram.js';

function counted(...parts: readonly (readonly number[])[]): ValueHistogram {
  const histogram = new ValueHistogram(64);
  for (const part of parts) histogram.add(Float32Array.from(part));
  return histogram;
}

describe('ValueHistogram', () => {
  it('keeps every count while its range grows to both sides', () => {
    const histogram = counted([1, 2, 3], [100, -50], [0.5], [-4000, 9000]);
    assert.equal(histogram.total, 8);
    assert.equal(
      histogram.counts.reduce((a, b) => a + b, 0),
      8,
    );
    assert.equal(histogram.min, -4000);
    assert.equal(histogram.max, 9000);
  });

  it('finds quantiles to within a bin, whatever the order of the values', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1 }), {
          minLength: 1,
        }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (parts, quantile) => {
          const histogram = counted(...parts);
          const sorted = parts.flat().sort((a, b) => a - b);
          const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(quantile * sorted.length) - 1));
          const exact = sorted[rank] ?? 0;
          const found = histogram.quantile(quantile);
          assert.ok(Math.abs(found - exact) <= histogram.binWidth * 1.001 + 1e-6, `${found} for ${exact}`);
        },
      ),
    );
  });

  it('gives the exact ends', () => {
    const histogram = counted([-3.25, 7.5, 0]);
    assert.equal(histogram.quantile(0), -3.25);
    assert.equal(histogram.quantile(1), 7.5);
  });

  it('takes a constant', () => {
    const histogram = counted([5, 5, 5]);
    assert.equal(histogram.quantile(0.5), 5);
    assert.equal(histogram.total, 3);
  });

  it('counts NaN and infinity apart', () => {
    const histogram = new ValueHistogram(64);
    assert.equal(histogram.add(Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY, 2)), 2);
    assert.equal(histogram.total, 2);
    assert.equal(histogram.max, 2);
    assert.equal(new ValueHistogram().add(Float32Array.of(Number.NaN)), 1);
  });
});
