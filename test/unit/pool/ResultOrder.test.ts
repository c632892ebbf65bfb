import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ResultOrder } from '../../../src/pool/ResultOrder.js';

interface Item {
  readonly source: string;
  readonly number: number;
}

describe('ResultOrder', () => {
  it('holds a result back until the earlier ones of its camera are there', () => {
    const delivered: number[] = [];
    const order = new ResultOrder<Item>((item) => delivered.push(item.number));
    const [first, second, third] = [1, 2, 3].map((number) => ({ source: 'a', number }));
    assert.ok(first && second && third);
    for (const item of [first, second, third]) order.begin(item);
    order.finish(third);
    order.finish(second);
    assert.deepEqual(delivered, []);
    order.finish(first);
    assert.deepEqual(delivered, [1, 2, 3]);
    assert.equal(order.size, 0);
  });

  it('does not let one camera wait for another', () => {
    const delivered: string[] = [];
    const order = new ResultOrder<Item>((item) => delivered.push(item.source));
    const slow = { source: 'slow', number: 1 };
    const fast = { source: 'fast', number: 2 };
    order.begin(slow);
    order.begin(fast);
    order.finish(fast);
    assert.deepEqual(delivered, ['fast']);
  });

  it('ignores what was never begun, and what is finished twice', () => {
    const delivered: Item[] = [];
    const order = new ResultOrder<Item>((item) => delivered.push(item));
    const item = { source: 'a', number: 1 };
    order.finish(item);
    order.begin(item);
    order.finish(item);
    order.finish(item);
    assert.deepEqual(delivered, [item]);
  });

  it('lets a receiver begin and finish further frames', () => {
    const delivered: number[] = [];
    const order: ResultOrder<Item> = new ResultOrder((item) => {
      delivered.push(item.number);
      if (item.number === 3) return;
      const next = { source: 'a', number: item.number + 1 };
      order.begin(next);
      order.finish(next);
    });
    const first = { source: 'a', number: 1 };
    order.begin(first);
    order.finish(first);
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
        const order = new ResultOrder<Item>((item) => delivered.push(item));
        for (const item of items) order.begin(item);
        const shuffled = items.toSorted(
          (a, b) => (records[a.number]?.rank ?? 0) - (records[b.number]?.rank ?? 0),
        );
        for (const item of shuffled) order.finish(item);
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
});
