import assert from 'node:assert/strict';
import { MOST_STREAMS, ResultSmoother } from '../../../../src/classify/smoothing/ResultSmoother.js';
import type { SmoothingOptions } from '../../../../src/classify/smoothing/SmoothedStream.js';

const OPTIONS: SmoothingOptions = {
  smoothing: 'majority',
  smoothingTimeMs: 1000,
  smoothingGapMs: 2000,
  hysteresisMargin: 0,
  hysteresisTimeMs: 0,
  ordered: true,
};

describe('ResultSmoother', () => {
  it('smooths each stream by itself', () => {
    const smoother = new ResultSmoother(OPTIONS);
    smoother.take('/front', Float64Array.of(1, 0), 0n);
    assert.deepEqual([...(smoother.take('/rear', Float64Array.of(0, 1), 0n)?.scores ?? [])], [0, 1]);
    assert.deepEqual([...(smoother.take('/front', Float64Array.of(0, 1), 1n)?.scores ?? [])], [0.5, 0.5]);
  });

  it('keeps the whole frames and the tracks of a camera apart, and those of two cameras', () => {
    const smoother = new ResultSmoother(OPTIONS);
    const take = (source: string, scores: readonly number[], track?: string) => [
      ...(smoother.take(source, Float64Array.from(scores), 1n, track)?.scores ?? []),
    ];
    take('/front', [1, 0]);
    take('/front', [1, 0], '7');
    assert.deepEqual(take('/rear', [0, 1], '7'), [0, 1]);
    assert.deepEqual(take('/front', [0, 1], '8'), [0, 1]);
    assert.deepEqual(take('/front', [0, 1], '7'), [0.5, 0.5]);
    assert.deepEqual(take('/front', [0, 1]), [0.5, 0.5]);
    assert.equal(smoother.streamCount, 4);
  });

  for (const longestUnused of ['track', 'camera'] as const) {
    it(`forgets the ${longestUnused} that was unused for longest where there are too many`, () => {
      const smoother = new ResultSmoother(OPTIONS);
      const take = (number: number, scores: readonly number[]) => {
        const [source, track] = longestUnused === 'track' ? ['/camera', `${number}`] : [`/${number}`, 'a'];
        return [...(smoother.take(source, Float64Array.from(scores), 0n, track)?.scores ?? [])];
      };
      for (let number = 0; number < MOST_STREAMS; number++) take(number, [1, 0]);
      take(0, [1, 0]);
      take(-1, [1, 0]);
      assert.equal(smoother.streamCount, MOST_STREAMS);
      assert.deepEqual(take(0, [0, 1]), [2 / 3, 1 / 3]);
      assert.deepEqual(take(1, [0, 1]), [0, 1]);
      assert.equal(smoother.streamCount, MOST_STREAMS);
    });
  }

  it('forgets tracks that ended a gap ago, and no others', () => {
    const smoother = new ResultSmoother(OPTIONS);
    const scores = Float64Array.of(1, 0);
    for (let track = 0; track < 100; track++)
      smoother.take('/front', scores, BigInt(track) * 100_000_000n, `${track}`);
    // At 9.9 s those of 7.9 s and later are left, and the other camera has a clock of its own.
    assert.equal(smoother.streamCount, 21);
    smoother.take('/rear', scores, 0n, '1');
    assert.equal(smoother.streamCount, 22);
    // The clock jumped back: what was ahead of it would begin anew, so it goes as well.
    smoother.take('/front', scores, 0n, 'new');
    assert.equal(smoother.streamCount, 2);
    smoother.clear();
    assert.equal(smoother.streamCount, 0);
  });
});
