import assert from 'node:assert/strict';
import sinon from 'sinon';
import { systemClock, withinLimit } from '../../../src/pool/PoolClock.js';
import { ManualClock } from '../../helpers/ManualClock.js';

describe('systemClock', () => {
  let time: sinon.SinonFakeTimers;

  beforeEach(() => {
    time = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime'] });
  });

  afterEach(() => {
    time.restore();
  });

  it('calls once, a delay after the last restart', () => {
    const calls: number[] = [];
    const timer = systemClock.setTimer(100, () => calls.push(time.now));
    for (const at of [30, 60, 90, 189]) {
      time.tick(at - time.now);
      timer.restart();
    }
    time.tick(1000);
    assert.deepEqual(calls, [289]);
  });

  it('makes one timer, however often it is restarted in time', () => {
    const timer = systemClock.setTimer(100, () => undefined);
    for (let index = 0; index < 1000; index++) timer.restart();
    assert.equal(time.countTimers(), 1);
  });

  it('starts anew after it has fired', () => {
    let calls = 0;
    const timer = systemClock.setTimer(100, () => {
      calls += 1;
    });
    time.tick(100);
    timer.restart();
    time.tick(99);
    assert.equal(calls, 1);
    time.tick(1);
    assert.equal(calls, 2);
  });

  it('is silent once cancelled, until it is restarted', () => {
    let calls = 0;
    const timer = systemClock.setTimer(100, () => {
      calls += 1;
    });
    timer.restart();
    timer.cancel();
    time.tick(1000);
    assert.equal(calls, 0);
    timer.restart();
    time.tick(100);
    assert.equal(calls, 1);
  });
});

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
