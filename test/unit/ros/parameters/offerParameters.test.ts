import assert from 'node:assert/strict';
import { listParameters } from '../../../../src/ros/parameters/offerParameters.js';

const NAMES = ['threads', 'a.b.c', 'a.b.d', 'a.e', 'ab.c', 'a'];

describe('listParameters', () => {
  const cases: readonly (readonly [prefixes: string[], depth: number, names: string[], parents: string[]])[] =
    [
      [[], 0, ['a', 'a.b.c', 'a.b.d', 'a.e', 'ab.c', 'threads'], ['a.b', 'a', 'ab']],
      [[], 1, ['a', 'threads'], []],
      [[], 2, ['a', 'a.e', 'ab.c', 'threads'], ['a', 'ab']],
      [['a'], 0, ['a', 'a.b.c', 'a.b.d', 'a.e'], ['a.b', 'a']],
      [['a'], 1, ['a', 'a.e'], ['a']],
      [['a.b', 'threads'], 1, ['a.b.c', 'a.b.d', 'threads'], ['a.b']],
      [['a.'], 0, [], []],
      [['none'], 0, [], []],
    ];
  for (const [prefixes, depth, names, parents] of cases) {
    it(`finds ${names.length} under [${prefixes.join(', ')}] to depth ${depth}, as rclcpp does`, () => {
      assert.deepEqual(listParameters(NAMES, prefixes, depth), { names, prefixes: parents });
    });
  }
});
