import { deepEqual, equal, notDeepEqual, ok } from 'node:assert/strict';
import { Random } from '../../../training/Random.js';

const stream = (random: Random): number[] => Array.from({ length: 100 }, () => random.next());

describe('Random', () => {
  it('repeats for equal seeds and differs where one seed differs', () => {
    deepEqual(stream(new Random(1, 2)), stream(new Random(1, 2)));
    notDeepEqual(stream(new Random(1, 2)), stream(new Random(2, 1)));
    notDeepEqual(stream(new Random(1)), stream(new Random(1, 0)));
  });

  it('keeps its ranges and reaches both ends of integer()', () => {
    const random = new Random(7);
    const seen = new Set<number>();
    for (let i = 0; i < 2000; i++) {
      const value = random.range(-3, 4);
      ok(value >= -3 && value < 4);
      seen.add(random.integer(2, 5));
    }
    deepEqual([...seen].sort(), [2, 3, 4, 5]);
  });

  it('is even: mean 0.5 for next, mean 0 and deviation 1 for normal', () => {
    const random = new Random(11);
    let sum = 0;
    let normals = 0;
    let squares = 0;
    const count = 20000;
    for (let i = 0; i < count; i++) {
      sum += random.next();
      const z = random.normal();
      normals += z;
      squares += z * z;
    }
    ok(Math.abs(sum / count - 0.5) < 0.01);
    ok(Math.abs(normals / count) < 0.03);
    ok(Math.abs(squares / count - 1) < 0.03);
  });

  it('picks the only item of a list of one', () => {
    equal(new Random(3).pick(['a']), 'a');
  });
});
