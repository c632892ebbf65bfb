import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ReorderBuffer } from '../../../src/pool/ReorderBuffer.js';

interface Item {
  readonly source: string;
  readonly number: number;
}

describe('ReorderBuffer', () => {
  it('holds a result back until the earlier ones of its camera are there', () => {
    const delivered: number[] = [];
    const order = new ReorderBuffer<Item>((item) => delivered.push(item.number));
    const [first, second, third] = [1, 2, 3].map((number) => ({ source: 'a', number }));
    assert.ok(first && second && third);
    for (const item of [first, second, third]) order.reserve(item);
    order.complete(third, 0);
    order.complete(second, 0);
    assert.deepEqual(delivered, []);
    order.complete(first, 0);
    assert.deepEqual(delivered, [1, 2, 3]);
    assert.equal(order.size, 0);
  });

  it('does not let one camera wait for another', () => {
    const delivered: string[] = [];
    const order = new ReorderBuffer<Item>((item) => delivered.push(item.source));
    const slow = { source: 'slow', number: 1 };
    const fast = { source: 'fast', number: 2 };
    order.reserve(slow);
    order.reserve(fast);
    order.complete(fast, 0);
    assert.deepEqual(delivered, ['fast']);
  });

  it('ignores what was never begun, and what is finished twice', () => {
    const delivered: Item[] = [];
    const order = new ReorderBuffer<Item>((item) => delivered.push(item));
    const item = { source: 'a', number: 1 };
    order.complete(item, 0);
    order.reserve(item);
    order.complete(item, 0);
    order.complete(item, 0);
    assert.deepEqual(delivered, [item]);
  });

  it('lets a receiver begin and finish further frames', () => {
    const delivered: number[] = [];
    const order: ReorderBuffer<Item> = new ReorderBuffer((item) => {
      delivered.push(item.number);
      if (item.number === 3) return;
      const next = { source: 'a', number: item.number + 1 };
      order.reserve(next);
      order.complete(next, 0);
    });
    const first = { source: 'a', number: 1 };
    order.reserve(first);
    order.complete(first, 0);
    assert.deepEqual(delivered, [1, 2, 3]);
  });

  it('delivers every frame once, in the order of its camera, whatever order they finish in', () => {
    const frames = fc.array(fc.record({ source: fc.constantFrom('a', 'b', 'c'), rank: fc.double() }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(frames, (records) => {
        const items = records.map(({ source }, number) => ({ source, number }));
        const delivered: Item[] = [];
        const order = new ReorderBuffer<Item>((item) => delivered.push(item));
        for (const item of items) order.reserve(item);
        const shuffled = items.toSorted(
          (a, b) => (records[a.number]?.rank ?? 0) - (records[b.number]?.rank ?? 0),
        );
        for (const item of shuffled) order.complete(item, 0);
        for (const source of ['a', 'b', 'c']) {
          assert.deepEqual(
            delivered.filter((item) => item.source === source),
            items.filter((item) => item.source === source),
          );
        }
        assert.equal(delivered.length, items.length);
      }),
    );
  });

  describe('with results that have been held back for long', () => {
    const [first, second, third, other] = [1, 2, 3, 4].map((number) => ({
      source: number === 4 ? 'b' : 'a',
      number,
    }));
    assert.ok(first && second && third && other);

    function filled() {
      const delivered: number[] = [];
      const overtaken: number[] = [];
      const order = new ReorderBuffer<Item>((item) => delivered.push(item.number));
      for (const item of [first, second, third, other]) order.reserve(item as Item);
      const expire = (heldSinceNs: number) =>
        order.expire(heldSinceNs, (item) => overtaken.push(item.number));
      return { order, delivered, overtaken, expire };
    }

    it('tells since when the oldest has been held back', () => {
      const { order } = filled();
      assert.equal(order.oldestHeldNs, undefined);
      order.complete(third, 70);
      order.complete(second, 90);
      assert.equal(order.oldestHeldNs, 70);
      order.complete(first, 95);
      assert.equal(order.oldestHeldNs, undefined);
      assert.equal(order.size, 1);
    });

    it('delivers those, and takes the place of those that held them back', () => {
      const { order, delivered, overtaken, expire } = filled();
      order.complete(second, 50);
      expire(49);
      assert.deepEqual(delivered, []);
      expire(50);
      assert.deepEqual([delivered, overtaken], [[2], [1]]);
      assert.equal(order.complete(first, 60), false);
      order.complete(third, 61);
      assert.deepEqual(delivered, [2, 3]);
      assert.equal(order.size, 1);
    });

    it('delivers what follows, too, and leaves what is not late', () => {
      const { order, delivered, overtaken, expire } = filled();
      const fourth = { source: 'a', number: 5 };
      order.reserve(fourth);
      order.complete(fourth, 99);
      order.complete(second, 10);
      expire(20);
      assert.deepEqual([delivered, overtaken], [[2], [1]]);
      assert.equal(order.oldestHeldNs, 99);
      order.complete(third, 100);
      assert.deepEqual(delivered, [2, 3, 5]);
    });
  });
});
