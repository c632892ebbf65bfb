import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { SimulatedDevice } from '../../../../src/inference/simulated/SimulatedDevice.js';
import { SimulatedLoad } from '../../../../src/inference/simulated/SimulatedLoad.js';
import { monotonicNs } from '../../../../src/stats/monotonicNs.js';

const HOUR_NS = 3.6e12;

describe('SimulatedLoad', () => {
  it('is the share of the cores that was busy since the last look', async () => {
    const memory = new SharedArrayBuffer(66 * 8);
    const load = new SimulatedLoad({ device: memory, deviceModel: { cores: 2, serviceMs: 1, hostMs: 0 } });
    await delay(2);
    assert.equal(load.takePercent(), 0);
    const device = new SimulatedDevice(memory);
    // One of two cores is busy from now on.
    device.serve(monotonicNs(), HOUR_NS, 0);
    await delay(20);
    const half = load.takePercent();
    assert.ok(half > 0 && half <= 50, `${half}`);
    await delay(5);
    assert.ok(Math.abs(load.takePercent() - 50) < 1e-3);
    device.serve(monotonicNs(), HOUR_NS, 1);
    load.takePercent();
    await delay(5);
    assert.ok(Math.abs(load.takePercent() - 100) < 1e-3);
  });
});
