import assert from 'node:assert/strict';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { CallbackGuard, callbackGuard } from '../../../../src/ros/rcl/CallbackGuard.js';
import type { RclNode } from '../../../../src/ros/rcl/rcl.js';

describe('CallbackGuard', () => {
  let clock: SinonFakeTimers;
  let logged: string[];
  let guard: CallbackGuard;
  const fail = (): void => {
    throw new Error('rcl: context is invalid');
  };

  beforeEach(() => {
    clock = useFakeTimers();
    logged = [];
    guard = new CallbackGuard((text) => logged.push(text));
  });

  afterEach(() => clock.restore());

  it('logs, counts and reports what a callback throws, and goes on', () => {
    guard.run('the timer', fail);
    assert.deepEqual(logged, ['the timer failed: rcl: context is invalid']);
    assert.deepEqual(guard.failures, { count: 1, recent: 'the timer failed: rcl: context is invalid' });
    let ran = false;
    guard.run('the timer', () => {
      ran = true;
    });
    assert.ok(ran);
    clock.tick(10_001);
    assert.deepEqual(guard.failures, { count: 1, recent: undefined });
  });

  it('logs a callback that fails all the time once in ten seconds, each by itself', () => {
    for (let time = 0; time < 50; time++) guard.run('a', fail);
    guard.run('b', fail);
    assert.equal(logged.length, 2);
    assert.equal(guard.failures.count, 51);
    clock.tick(10_001);
    guard.run('a', fail);
    assert.equal(logged.length, 3);
  });

  it('survives a logger that fails, too', () => {
    const mute = new CallbackGuard(fail);
    mute.run('a', fail);
    assert.equal(mute.failures.count, 1);
  });

  it('is one for a node', () => {
    const [one, other] = [{} as RclNode, {} as RclNode];
    assert.equal(callbackGuard(one), callbackGuard(one));
    assert.notEqual(callbackGuard(one), callbackGuard(other));
  });
});
