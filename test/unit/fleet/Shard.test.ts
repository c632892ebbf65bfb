import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isInShard, parseShard } from '../../../src/fleet/Shard.js';

describe('Shard', () => {
  it('reads I/N, counted from 0', () => {
    assert.deepEqual(parseShard('0/1'), { index: 0, count: 1 });
    assert.deepEqual(parseShard('7/8'), { index: 7, count: 8 });
  });

  for (const text of ['8/8', '1/0', '-1/4', '1', '1/2/3', '', 'a/b', '0.5/2', '0/1000001']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseShard(text), /Expected I\/N with I from 0 to N - 1/);
    });
  }

  it('has every bag in exactly one shard, whatever the others are', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { minLength: 1 }),
        fc.integer({ min: 1, max: 40 }),
        (names, count) => {
          const shards = Array.from({ length: count }, (_, index) =>
            names.filter((name) => isInShard(name, { index, count })),
          );
          assert.deepEqual(shards.flat().sort(), [...names].sort());
        },
      ),
    );
  });

  it('shares a thousand bags out among eight shards, none with more than half as many again as its share', () => {
    const names = Array.from({ length: 1000 }, (_, at) => `drives/${at}.mcap`);
    for (let index = 0; index < 8; index++) {
      const mine = names.filter((name) => isInShard(name, { index, count: 8 })).length;
      assert.ok(mine > 62 && mine < 188, `shard ${index} has ${mine}`);
    }
  });
});
