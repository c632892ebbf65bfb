import assert from 'node:assert/strict';
import {
  compareResults,
  type FrameResults,
  parseExpectedResults,
} from '../../../src/classify/expectedResults.js';
import { EffvitError } from '../../../src/core/EffvitError.js';

function frame(nanosec: number, ...scores: readonly (readonly [number, number])[]): FrameResults {
  return {
    topic: '/cam',
    stamp: [1, nanosec],
    results: scores.map(([index, score]) => ({ index, label: `class_${index}`, score })),
  };
}

describe('expectedResults', () => {
  it('finds no difference between equal runs, in any order of frames', () => {
    const frames = [frame(1, [3, 0.9], [1, 0.1]), frame(2, [2, 0.6])];
    assert.deepEqual(compareResults(frames, [...frames].reverse(), 0), []);
  });

  it('names another winner, a moved score, a lost and a new frame', () => {
    const expected = [frame(1, [3, 0.9]), frame(2, [2, 0.6]), frame(3, [2, 0.6])];
    const actual = [frame(1, [4, 0.9]), frame(2, [2, 0.5]), frame(4, [2, 0.6])];
    const reasons = compareResults(expected, actual, 0.01).map((difference) => difference.reason);
    assert.equal(reasons.length, 4);
    assert.match(reasons[0] ?? '', /Expected class_3 0\.9000/);
    assert.match(reasons[1] ?? '', /class_2 0\.6000 but received 0\.5000/);
    assert.match(reasons[2] ?? '', /gave none/);
    assert.match(reasons[3] ?? '', /none were expected/);
  });

  it('lets close scores change places within the tolerance', () => {
    const expected = [frame(1, [3, 0.5], [1, 0.49])];
    const actual = [frame(1, [1, 0.497], [3, 0.495])];
    assert.deepEqual(compareResults(expected, actual, 0.01), []);
    assert.equal(compareResults(expected, actual, 0.001).length, 1);
  });

  it('lets a class at the end of the list give way to its equal', () => {
    const expected = [frame(1, [3, 0.9], [1, 0.021])];
    const actual = [frame(1, [3, 0.9], [7, 0.0205])];
    assert.deepEqual(compareResults(expected, actual, 0.001), []);
    assert.equal(compareResults(expected, [frame(1, [3, 0.9], [7, 0.1])], 0.001).length, 1);
  });

  it('reports each of two frames with the same stamp', () => {
    const twice = [frame(1, [3, 0.9]), frame(1, [3, 0.9])];
    assert.equal(compareResults(twice, [frame(1, [3, 0.9])], 0).length, 1);
    assert.equal(compareResults([frame(1, [3, 0.9])], twice, 0).length, 1);
  });

  it('reads what it wrote and refuses the rest', () => {
    const content = { version: 1, model: 'm', frames: [frame(1, [3, 0.9])] };
    assert.deepEqual(parseExpectedResults(JSON.stringify(content), 'e.json'), content);
    const withStamp = (stamp: number[]): string =>
      JSON.stringify({ ...content, frames: [{ ...frame(1), stamp }] });
    const noFrames = ['', '{', 'null', '[]', '{"version":2,"frames":[]}', '{"version":1,"frames":[{}]}'];
    for (const text of [...noFrames, withStamp([1]), withStamp([1, 2, 3]), withStamp([1, 0.5])]) {
      assert.throws(
        () => parseExpectedResults(text, 'e.json'),
        (error: unknown) =>
          error instanceof EffvitError &&
          error.code === 'BAD_ARGUMENT' &&
          /e\.json .*--save-expected/.test(error.message),
      );
    }
  });
});
