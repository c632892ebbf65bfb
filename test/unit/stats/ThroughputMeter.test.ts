import assert from 'node:assert/strict';
import { ThroughputMeter } from '../../../src/stats/ThroughputMeter.js';

const MS = 1e6;

function markEvery(meter: ThroughputMeter, periodMs: number, fromMs: number, toMs: number): void {
  for (let nowMs = fromMs; nowMs < toMs; nowMs += periodMs) meter.mark(nowMs * MS);
}

function assertNear(actual: number, expected: number, relative: number): void {
  assert.ok(Math.abs(actual - expected) <= expected * relative, `${actual} is not near ${expected}`);
}

describe('ThroughputMeter', () => {
  it('knows no rate before the second event', () => {
    const meter = new ThroughputMeter(1000);
    assert.equal(meter.ratePerSecond(5 * MS), 0);
    meter.mark(10 * MS);
    assert.equal(meter.ratePerSecond(10 * MS), 0);
    assert.equal(meter.ratePerSecond(500 * MS), 0);
  });

  it('gives the rate from the start of a series on, not only after a window', () => {
    const meter = new ThroughputMeter(5000);
    markEvery(meter, 10, 12_340, 12_841);
    assertNear(meter.ratePerSecond(12_840 * MS), 100, 0.001);
  });

  it('gives the rate of a long series within the slot that is cut off', () => {
    const meter = new ThroughputMeter(1000);
    markEvery(meter, 4, 0, 10_000);
    assertNear(meter.ratePerSecond(10_000 * MS), 250, 0.01);
  });

  it('counts the events of the window, several at a moment too', () => {
    const meter = new ThroughputMeter(1000);
    assert.equal(meter.recent(0), 0);
    meter.mark(0, 3);
    meter.mark(900 * MS);
    assert.equal(meter.recent(900 * MS), 4);
    assert.equal(meter.recent(1100 * MS), 1);
    assert.equal(meter.recent(60_000 * MS), 0);
  });

  it('follows a change within a window', () => {
    const meter = new ThroughputMeter(1000);
    markEvery(meter, 10, 0, 5000);
    markEvery(meter, 40, 5000, 7000);
    assertNear(meter.ratePerSecond(7000 * MS), 25, 0.05);
  });

  it('falls to zero in a silent window and starts anew after it', () => {
    const meter = new ThroughputMeter(1000);
    markEvery(meter, 10, 0, 1000);
    assert.equal(meter.ratePerSecond(2500 * MS), 0);
    markEvery(meter, 20, 60_000, 60_401);
    assertNear(meter.ratePerSecond(60_400 * MS), 50, 0.001);
  });

  it('starts anew after a silence that nobody looked at', () => {
    const meter = new ThroughputMeter(1000);
    markEvery(meter, 10, 0, 1000);
    markEvery(meter, 20, 60_000, 60_401);
    assertNear(meter.ratePerSecond(60_400 * MS), 50, 0.001);
  });

  it('forgets on reset', () => {
    const meter = new ThroughputMeter(1000);
    markEvery(meter, 10, 0, 500);
    meter.reset();
    assert.equal(meter.ratePerSecond(500 * MS), 0);
  });
});
