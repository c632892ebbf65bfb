import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ExponentialAverage } from '../../../../src/classify/smoothing/ExponentialAverage.js';

const NS_PER_S = 1e9;

describe('ExponentialAverage', () => {
  /** A step from class 0 to class 1 at time 0, then so long at so many frames a second. */
  function afterStep(timeConstantS: number, durationS: number, framesPerSecond: number): Float64Array {
    const average = new ExponentialAverage();
    const timeNs = timeConstantS * NS_PER_S;
    average.take(Float64Array.of(1, 0), 0, timeNs);
    const frames = Math.round(durationS * framesPerSecond);
    let scores = Float64Array.of(1, 0);
    for (let frame = 0; frame < frames; frame++) {
      scores = average.take(Float64Array.of(0, 1), (durationS * NS_PER_S) / frames, timeNs).slice();
    }
    return scores;
  }

  it('follows a step as 1 - exp(-t / tau)', () => {
    const [old = 0, next = 0] = afterStep(0.5, 1, 30);
    assert.ok(Math.abs(next - (1 - Math.exp(-2))) < 1e-9, `${next}`);
    assert.ok(Math.abs(old - Math.exp(-2)) < 1e-9, `${old}`);
  });

  it('is the same at any frame rate', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 20, noNaN: true }),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 300 }),
        (timeConstantS, slow, fast) => {
          const difference =
            (afterStep(timeConstantS, 2, slow)[1] ?? 0) - (afterStep(timeConstantS, 2, fast)[1] ?? 0);
          assert.ok(Math.abs(difference) < 1e-9);
        },
      ),
    );
  });

  it('gives frames of no steady pace the weight of their time', () => {
    const average = new ExponentialAverage();
    average.take(Float64Array.of(0), 0, NS_PER_S);
    for (const stepS of [0.1, 0.7, 0.2]) average.take(Float64Array.of(1), stepS * NS_PER_S, NS_PER_S);
    const [score = 0] = average.take(Float64Array.of(1), 0, NS_PER_S);
    assert.ok(Math.abs(score - (1 - Math.exp(-1))) < 1e-9);
  });

  it('takes the first frame as it is, and keeps the sum of the scores', () => {
    const average = new ExponentialAverage();
    assert.deepEqual([...average.take(Float64Array.of(0.25, 0.75), 5e9, NS_PER_S)], [0.25, 0.75]);
    const scores = average.take(Float64Array.of(0.5, 0.5), 3e8, NS_PER_S);
    assert.ok(Math.abs((scores[0] ?? 0) + (scores[1] ?? 0) - 1) < 1e-12);
  });

  it('goes on from where it is with another time constant', () => {
    const average = new ExponentialAverage();
    average.take(Float64Array.of(0), 0, NS_PER_S);
    average.take(Float64Array.of(1), NS_PER_S, NS_PER_S);
    const [score = 0] = average.take(Float64Array.of(1), NS_PER_S / 2, NS_PER_S / 4);
    assert.ok(Math.abs(score - (1 - Math.exp(-1) * Math.exp(-2))) < 1e-9);
  });
});
