import assert from 'node:assert/strict';
import { MajorityVote } from '../../../../src/classify/smoothing/MajorityVote.js';

const MS = 1e6;

describe('MajorityVote', () => {
  const voteFor = (index: number): Float64Array =>
    Float64Array.from([0, 1, 2], (at) => (at === index ? 1 : 0));

  it('gives each class its share of the frames in the window', () => {
    const votes = new MajorityVote(3);
    const shares = [0, 0, 1, 2, 2].map((index, frame) => [
      ...votes.take(voteFor(index), frame === 0 ? 0 : 100 * MS, 400 * MS),
    ]);
    assert.deepEqual(shares[0], [1, 0, 0]);
    assert.deepEqual(shares[3], [2 / 4, 1 / 4, 1 / 4]);
    // The first one is 400 ms old, and out.
    assert.deepEqual(shares[4], [1 / 4, 1 / 4, 2 / 4]);
  });

  it('counts a frame for its best class, however close the others are', () => {
    const votes = new MajorityVote(2);
    votes.take(Float64Array.of(0.51, 0.49), 0, 1000 * MS);
    votes.take(Float64Array.of(0.51, 0.49), MS, 1000 * MS);
    assert.deepEqual([...votes.take(Float64Array.of(0, 1), MS, 1000 * MS)], [2 / 3, 1 / 3]);
  });

  it('takes a shorter window from the next frame on', () => {
    const votes = new MajorityVote(3);
    for (const index of [0, 0, 0, 0]) votes.take(voteFor(index), 100 * MS, 1000 * MS);
    assert.deepEqual([...votes.take(voteFor(1), 100 * MS, 150 * MS)], [1 / 2, 1 / 2, 0]);
  });
});
