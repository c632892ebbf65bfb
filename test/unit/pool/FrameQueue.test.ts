import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DROP_POLICIES, FrameQueue } from '../../../src/pool/FrameQueue.js';

interface Item {
  readonly source: string;
  readonly number: number;
}

function item(name: string): Item {
  return { source: name[0] ?? '', number: Number(name.slice(1)) };
}

function nameOf(queued: Item | undefined): string | undefined {
  return queued === undefined ? undefined : `${queued.source}${queued.number}`;
}

/** Pushes in order; returns the names of those that had to leave. */
function pushAll(queue: FrameQueue<Item>, names: readonly string[]): string[] {
  return names.map((name) => nameOf(queue.push(item(name)))).filter((name) => name !== undefined);
}

function namesOf(items: readonly Item[]): string[] {
  return items.map((each) => nameOf(each) ?? '');
}

describe('FrameQueue', () => {
  it('gives the frames of one camera in their order', () => {
    const queue = new FrameQueue<Item>(10, 'oldest');
    pushAll(queue, ['a1', 'a2', 'a3']);
    assert.deepEqual(namesOf(queue.clear()), ['a1', 'a2', 'a3']);
  });

  it('serves cameras in turn, however many frames each has waiting', () => {
    const queue = new FrameQueue<Item>(10, 'oldest');
    pushAll(queue, ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'c2']);
    assert.deepEqual(namesOf(queue.clear()), ['a1', 'b1', 'c1', 'a2', 'c2', 'a3', 'a4']);
  });

  it('drops the oldest of the longest line under oldest', () => {
    const queue = new FrameQueue<Item>(3, 'oldest');
    const dropped = pushAll(queue, ['b1', 'a1', 'a2', 'a3', 'a4']);
    assert.deepEqual(dropped, ['a1', 'a2']);
    assert.deepEqual(namesOf(queue.clear()), ['b1', 'a3', 'a4']);
  });

  it('drops the newest of the longest line under newest', () => {
    const queue = new FrameQueue<Item>(3, 'newest');
    const dropped = pushAll(queue, ['a1', 'a2', 'a3', 'a4', 'b1']);
    assert.deepEqual(dropped, ['a4', 'a3']);
    assert.deepEqual(namesOf(queue.clear()), ['a1', 'b1', 'a2']);
  });

  it('takes from the camera that brought one too many where lines are equal', () => {
    const queue = new FrameQueue<Item>(2, 'oldest');
    assert.deepEqual(pushAll(queue, ['a1', 'b1', 'b2']), ['b1']);
    assert.deepEqual(pushAll(queue, ['a2']), ['a1']);
  });

  it('lets a slow camera keep its frame whatever a fast one does', () => {
    for (const policy of ['oldest', 'newest'] as const) {
      const queue = new FrameQueue<Item>(4, policy);
      const fast = Array.from({ length: 50 }, (_, index) => `f${index}`);
      const dropped = pushAll(queue, ['s1', ...fast]);
      assert.ok(!dropped.includes('s1'), policy);
    }
  });

  it('takes a few over the limit under block, for entrances that were told of the same place', () => {
    const queue = new FrameQueue<Item>(2, 'block');
    const names = Array.from({ length: 18 }, (_, index) => `a${index}`);
    assert.deepEqual(pushAll(queue, names), []);
    assert.equal(queue.hasCapacity, false);
    assert.deepEqual(pushAll(queue, ['a18']), ['a18']);
  });

  it('takes a frame back as the next of its camera', () => {
    const queue = new FrameQueue<Item>(2, 'oldest');
    pushAll(queue, ['a1', 'a2']);
    const taken = queue.shift();
    assert.ok(taken !== undefined);
    pushAll(queue, ['a3']);
    queue.unshift(taken);
    queue.unshift(item('b1'));
    assert.equal(queue.size, 4);
    assert.deepEqual(namesOf(queue.clear()), ['a1', 'b1', 'a2', 'a3']);
  });

  it('drops what no longer has room when the limit falls, fairly', () => {
    const queue = new FrameQueue<Item>(10, 'oldest');
    pushAll(queue, ['a1', 'a2', 'a3', 'a4', 'b1', 'b2']);
    assert.deepEqual(namesOf(queue.configure(3, 'oldest')), ['a1', 'a2', 'a3']);
    assert.deepEqual(namesOf(queue.configure(3, 'block')), []);
    assert.deepEqual(namesOf(queue.clear()), ['a4', 'b1', 'b2']);
  });

  it('keeps everything when the limit falls under block', () => {
    const queue = new FrameQueue<Item>(10, 'block');
    pushAll(queue, ['a1', 'a2', 'a3']);
    assert.deepEqual(queue.configure(1, 'block'), []);
    assert.equal(queue.size, 3);
    assert.equal(queue.hasCapacity, false);
  });

  it('loses no frame and gives none twice, in order per camera, within its bound', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), source: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ kind: fc.constant('shift' as const) }),
      fc.record({
        kind: fc.constant('configure' as const),
        limit: fc.integer({ min: 1, max: 8 }),
        policy: fc.constantFrom(...DROP_POLICIES),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new FrameQueue<Item>(4, 'oldest');
        const inside = new Set<Item>();
        const lastShifted = new Map<string, number>();
        const leave = (gone: Item | undefined) => {
          if (gone !== undefined) assert.ok(inside.delete(gone), 'left twice, or was never in');
        };
        steps.forEach((each, number) => {
          if (each.kind === 'push') {
            const pushed = { source: each.source, number };
            inside.add(pushed);
            leave(queue.push(pushed));
          } else if (each.kind === 'configure') {
            for (const gone of queue.configure(each.limit, each.policy)) leave(gone);
            if (each.policy !== 'block') assert.ok(queue.size <= each.limit);
          } else {
            const shifted = queue.shift();
            leave(shifted);
            if (shifted !== undefined) {
              assert.ok(shifted.number > (lastShifted.get(shifted.source) ?? -1));
              lastShifted.set(shifted.source, shifted.number);
            }
          }
          assert.equal(queue.size, inside.size);
        });
        assert.deepEqual(new Set(queue.clear()), inside);
      }),
    );
  });
});
