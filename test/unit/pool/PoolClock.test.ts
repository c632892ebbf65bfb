import assert from 'node:assert/strict';
import sinon from 'sinon';
import { systemClock } from '../../../src/pool/PoolClock.js';

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
