import assert from 'node:assert/strict';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { ClockTicks } from '../../../../src/ros/playback/ClockTicks.js';

describe('ClockTicks', () => {
  let timers: SinonFakeTimers;
  beforeEach(() => {
    timers = useFakeTimers();
  });
  afterEach(() => timers.restore());

  it('ticks at once and then at 40 Hz, also while the time stands still', () => {
    const told: bigint[] = [];
    const clock = { timeNs: 5n };
    const ticks = new ClockTicks(clock, (timeNs) => told.push(timeNs));
    assert.deepEqual(told, [5n]);
    timers.tick(1000);
    assert.equal(told.length, 41);
    clock.timeNs = 6n;
    timers.tick(25);
    assert.equal(told.at(-1), 6n);
    ticks.stop();
  });

  it('ticks for a message between its own ticks, and not after its end', () => {
    const told: bigint[] = [];
    const clock = { timeNs: 1n };
    const ticks = new ClockTicks(clock, (timeNs) => told.push(timeNs));
    timers.tick(10);
    clock.timeNs = 2n;
    ticks.tick();
    timers.tick(15);
    assert.deepEqual(told, [1n, 2n, 2n]);
    ticks.stop();
    timers.tick(1000);
    assert.equal(told.length, 3);
  });
});
