import assert from 'node:assert/strict';
import { ServiceQueue, VirtualClock } from '../../../src/pool/VirtualClock.js';

const MODEL = { cores: 1, serviceMs: 10, hostMs: 2, jitter: 0, seed: 1 };

describe('VirtualClock', () => {
  it('stands still, and fires what is due in order when it is advanced', async () => {
    const clock = new VirtualClock(MODEL);
    const startNs = clock.nowNs();
    const fired: string[] = [];
    const tell = (name: string) => () => {
      fired.push(`${name} ${(clock.nowNs() - startNs) / 1e6}`);
    };
    clock.setTimer(20, tell('late'));
    clock.setTimer(5, tell('first'));
    clock.setTimer(5, tell('second'));
    const cancelled = clock.setTimer(6, tell('cancelled'));
    const again = clock.setTimer(7, tell('again'));
    cancelled.cancel();
    again.restart();
    await clock.advance(10);
    assert.deepEqual(fired, ['first 5', 'second 5', 'again 7']);
    again.restart();
    await clock.advance(10);
    assert.deepEqual(fired.slice(3), ['again 17', 'late 20']);
    assert.equal(clock.nowNs() - startNs, 20e6);
  });

  it('advances until a promise is settled, and no further', async () => {
    const clock = new VirtualClock(MODEL);
    const startNs = clock.nowNs();
    clock.setTimer(50, () => assert.fail('too far'));
    await clock.advanceUntil(new Promise<void>((resolve) => clock.setTimer(30, resolve)));
    assert.equal(clock.nowNs() - startNs, 30e6);
    await clock.advanceUntil(Promise.reject(new Error('settled too')));
    assert.equal(clock.nowNs() - startNs, 30e6);
  });

  it('uses real time for what waits for threads', async () => {
    const clock = new VirtualClock(MODEL);
    await new Promise<void>((resolve) => clock.setTimer(1, resolve, { keepsAlive: true }));
  });
});

describe('ServiceQueue', () => {
  it('serves first come, first served, on the core that is free first', () => {
    const one = new ServiceQueue(MODEL);
    // 1 ms of host time, 10 ms on the core, 1 ms of host time.
    assert.deepEqual([one.serve(0, 1), one.serve(0, 1), one.serve(100e6, 3)], [12e6, 22e6, 132e6]);
    const two = new ServiceQueue({ ...MODEL, cores: 2 });
    assert.deepEqual([two.serve(0, 1), two.serve(0, 1), two.serve(0, 1)], [12e6, 12e6, 22e6]);
  });

  it('varies by the seed within the jitter', () => {
    const times = (seed: number): number[] => {
      const queue = new ServiceQueue({ ...MODEL, hostMs: 0, jitter: 0.5, seed });
      return Array.from({ length: 200 }, (_, index) => queue.serve(index * 1e9, 1) - index * 1e9);
    };
    assert.deepEqual(times(1), times(1));
    assert.notDeepEqual(times(1), times(2));
    assert.ok(times(1).every((ns) => ns >= 5e6 && ns <= 15e6));
    assert.ok(Math.max(...times(1)) > 14e6 && Math.min(...times(1)) < 6e6);
  });
});
