import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type AxisSpec, axisTaps, type ResampleFilter } from '../../../src/image/AxisTaps.js';

const FILTERS: readonly ResampleFilter[] = ['bilinear', 'antialias', 'area'];

function sumOf(weights: readonly number[]): number {
  return weights.reduce((sum, weight) => sum + weight, 0);
}

/** The weights of output `index`, one for each source position, as shares of 1. */
function shares(spec: AxisSpec, index: number): number[] {
  const { first, weights } = axisTaps(spec)[index] ?? assert.fail();
  const row = new Array<number>(spec.sourceLength).fill(0);
  weights.forEach((weight, tap) => {
    row[first + tap] = weight / spec.weightSum;
  });
  return row;
}

/** The same by the textbook, in floating point. */
function expectedShares(spec: AxisSpec, index: number): number[] {
  const { sourceLength, scaledLength, begin } = spec;
  const scale = sourceLength / scaledLength;
  const position = begin + index;
  const filter = sourceLength > scaledLength ? spec.filter : 'bilinear';
  const width = filter === 'antialias' ? scale : 1;
  const centre = (position + 0.5) * scale - 0.5;
  const row = Array.from({ length: sourceLength }, (_, at) => {
    if (filter === 'area')
      return Math.max(0, Math.min(at + 1, (position + 1) * scale) - Math.max(at, position * scale));
    return Math.max(0, 1 - Math.abs(at - centre) / width);
  });
  if (filter === 'bilinear') {
    // The border is repeated.
    if (centre < 0) row[0] = 1;
    if (centre > sourceLength - 1) row[sourceLength - 1] = 1;
  }
  const sum = row.reduce((total, share) => total + share, 0);
  return row.map((share) => share / sum);
}

const anySpec = fc
  .record({
    sourceLength: fc.integer({ min: 1, max: 300 }),
    scaledLength: fc.integer({ min: 1, max: 120 }),
    cut: fc.double({ min: 0, max: 1, noNaN: true }),
    filter: fc.constantFrom(...FILTERS),
    weightSum: fc.constantFrom(256, 16384),
  })
  .map(({ cut, ...spec }): AxisSpec => {
    const begin = Math.floor((cut * spec.scaledLength) / 2);
    return { ...spec, begin, count: spec.scaledLength - 2 * begin };
  })
  .filter((spec) => spec.count > 0);

describe('axisTaps', () => {
  it('has weights that are those of the textbook to half a step of their running sum', () => {
    fc.assert(
      fc.property(anySpec, fc.nat(), (spec, place) => {
        const index = place % spec.count;
        const expected = expectedShares(spec, index);
        let difference = 0;
        shares(spec, index).forEach((share, at) => {
          difference += share - (expected[at] ?? 0);
          assert.ok(
            Math.abs(difference) <= 0.5 / spec.weightSum + 1e-9,
            `${JSON.stringify(spec)} ${index} at ${at}`,
          );
        });
      }),
      { numRuns: 500 },
    );
  });

  it('adds up exactly, stays inside the source and never moves backwards', () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        const taps = axisTaps(spec);
        let before = 0;
        assert.equal(taps.length, spec.count);
        for (const { first, weights } of taps) {
          assert.equal(sumOf(weights), spec.weightSum);
          assert.ok(weights.every((weight) => weight >= 0));
          assert.ok(first >= before && weights.length >= 1 && first + weights.length <= spec.sourceLength);
          before = first;
        }
      }),
    );
  });

  it('is the identity where nothing is resized', () => {
    for (const filter of FILTERS) {
      const taps = axisTaps({ sourceLength: 9, scaledLength: 9, begin: 2, count: 5, filter, weightSum: 256 });
      assert.deepEqual(
        taps,
        [2, 3, 4, 5, 6].map((first) => ({ first, weights: [256] })),
      );
    }
  });

  it('copes with the longest sides and with more positions than weight', () => {
    for (const filter of FILTERS) {
      const taps = axisTaps({
        sourceLength: 65535,
        scaledLength: 16,
        begin: 0,
        count: 16,
        filter,
        weightSum: 256,
      });
      for (const { weights } of taps) assert.equal(sumOf(weights), 256);
      // A panorama's short side of 1 is scaled to 256, its long side to 16.8 million.
      const long = axisTaps({
        sourceLength: 65535,
        scaledLength: 65535 * 256,
        begin: 8_388_368,
        count: 224,
        filter,
        weightSum: 16384,
      });
      assert.equal(long[112]?.first, 32767);
    }
  });
});
