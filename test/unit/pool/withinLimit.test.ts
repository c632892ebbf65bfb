import assert from 'node:assert/strict';
import { withinLimit } from '../../../src/pool/PoolClock.js';
import { ManualClock } from '../../helpers/ManualClock.js';

describe('withinLimit', () => {
  const never = new Promise<void>(() => undefined);

  it('ends with the promise, however that is settled, and leaves no timer', async () => {
    const clock = new ManualClock();
    await withinLimit(Promise.resolve(7), { clock, limitMs: 60_000 });
    await withinLimit(Promise.reject(new RangeError('no')), { clock, limitMs: 60_000 });
    assert.deepEqual(clock.pendingMs, []);
  });

  it('ends with the limit, not before', async () => {
    const clock = new ManualClock();
    let hasEnded = false;
    const waiting = withinLimit(never, { clock, limitMs: 1000 }).then(() => {
      hasEnded = true;
    });
    clock.advance(999);
    await new Promise(setImmediate);
    assert.equal(hasEnded, false);
    clock.advance(1);
    await waiting;
  });

  it('ends with the signal, also one that was aborted before', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const waiting = withinLimit(never, { clock, limitMs: 1000, signal: controller.signal });
    controller.abort();
    await waiting;
    await withinLimit(never, { clock, limitMs: 1000, signal: controller.signal });
    assert.deepEqual(clock.pendingMs, []);
  });
});
