import assert from 'node:assert/strict';
import { SmoothedStream, type SmoothingOptions } from '../../../../src/classify/smoothing/SmoothedStream.js';

const OPTIONS: SmoothingOptions = {
  smoothing: 'exponential',
  smoothingTimeMs: 500,
  smoothingGapMs: 2000,
  hysteresisMargin: 0,
  hysteresisTimeMs: 0,
  ordered: true,
};
const A = Float64Array.of(1, 0);
const B = Float64Array.of(0, 1);

describe('SmoothedStream', () => {
  const at = (milliseconds: number): bigint => BigInt(milliseconds) * 1_000_000n;

  function score(stream: SmoothedStream, scores: Float64Array | undefined, milliseconds: number) {
    return stream.take(scores, at(milliseconds))?.scores[1];
  }

  it('averages by the stamps and holds a class', () => {
    const stream = new SmoothedStream({ ...OPTIONS, hysteresisMargin: 0.1 });
    assert.equal(stream.take(A, at(0))?.heldIndex, 0);
    // exp(-0.6) is 0.55: B leads by -0.1, exp(-0.8) is 0.45: by 0.1.
    assert.equal(stream.take(B, at(300))?.heldIndex, 0);
    assert.equal(stream.take(B, at(400))?.heldIndex, 1);
  });

  const beginnings: readonly (readonly [name: string, fromMs: number, toMs: number, isAnew: boolean])[] = [
    ['goes on after a time as long as the gap', 1000, 3000, false],
    ['begins anew after a longer time', 1000, 3001, true],
    ['begins anew at a stamp far ahead', 1000, 1e9, true],
    ['begins anew where the stamps go back a little', 1000, 999, true],
    ['begins anew where the stamps go back far', 1e9, 5, true],
  ];
  for (const [name, fromMs, toMs, isAnew] of beginnings) {
    it(name, () => {
      const stream = new SmoothedStream(OPTIONS);
      stream.take(A, at(fromMs));
      assert.equal(score(stream, B, toMs) === 1, isAnew);
    });
  }

  it('begins the time of a lead anew as well', () => {
    const stream = new SmoothedStream({ ...OPTIONS, smoothing: 'hysteresis', hysteresisTimeMs: 500 });
    assert.deepEqual(
      [stream.take(A, at(0)), stream.take(B, at(400)), stream.take(A, at(100)), stream.take(B, at(200))].map(
        (view) => view?.heldIndex,
      ),
      [0, 0, 0, 0],
    );
  });

  it('leaves a late frame out where frames come out of order, but not a clock that jumped', () => {
    const stream = new SmoothedStream({ ...OPTIONS, ordered: false });
    stream.take(A, at(5000));
    assert.equal(score(stream, B, 4000), 0);
    assert.equal(score(stream, B, 2999), 1);
  });

  it('gives a frame that says nothing no vote, and knows nothing once that has lasted for the gap', () => {
    const stream = new SmoothedStream(OPTIONS);
    assert.equal(stream.take(undefined, at(0)), undefined);
    stream.take(A, at(100));
    assert.equal(score(stream, undefined, 1100), 0);
    // 1 s since the last vote, though a frame came meanwhile.
    const seen = score(stream, B, 1100);
    assert.ok(seen !== undefined && Math.abs(seen - (1 - Math.exp(-2))) < 1e-9);
    assert.notEqual(stream.take(undefined, at(3100)), undefined);
    assert.equal(stream.take(undefined, at(3101)), undefined);
  });

  it('begins anew with another method, and with another number of classes', () => {
    const stream = new SmoothedStream(OPTIONS);
    stream.take(A, at(0));
    stream.configure({ ...OPTIONS, smoothing: 'majority' });
    assert.deepEqual([...(stream.take(B, at(10))?.scores ?? [])], [0, 1]);
    assert.deepEqual([...(stream.take(A, at(20))?.scores ?? [])], [0.5, 0.5]);
    assert.deepEqual([...(stream.take(Float64Array.of(0, 0, 1), at(30))?.scores ?? [])], [0, 0, 1]);
  });

  it('keeps its state when only its times change', () => {
    const stream = new SmoothedStream(OPTIONS);
    stream.take(A, at(0));
    stream.configure({ ...OPTIONS, smoothingTimeMs: 1000 });
    const seen = score(stream, B, 1000);
    assert.ok(seen !== undefined && Math.abs(seen - (1 - Math.exp(-1))) < 1e-9);
  });
});
