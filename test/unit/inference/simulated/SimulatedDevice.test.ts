import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SimulatedDevice, simulatedDevice } from '../../../../src/inference/simulated/SimulatedDevice.js';

const MS = 1e6;
/** M5 on an RDK X5. */
const SERVICE_NS = 5.72 * MS;
const HOST_NS = 0.62 * MS;

function freshDevice(): SimulatedDevice {
  return new SimulatedDevice(new SharedArrayBuffer(66 * 8));
}

interface ClosedLoop {
  readonly meanLatencyMs: number;
  readonly framesPerSecond: number;
}

/** Threads that each hand over their next frame as soon as the last one is back, in thought time: exact. */
function closedLoop(cores: number, threads: number, frames = 4000, lateNs = 0): ClosedLoop {
  const device = freshDevice();
  const startNs = 1e9;
  const readyAt = new Array<number>(threads).fill(startNs);
  let latencySum = 0;
  let lastEnd = startNs;
  for (let frame = 0; frame < frames; frame++) {
    const thread = readyAt.indexOf(Math.min(...readyAt));
    const begin = readyAt[thread] ?? 0;
    const end = device.serve(begin + HOST_NS / 2, SERVICE_NS, { cores }) + HOST_NS / 2;
    latencySum += end - begin;
    lastEnd = Math.max(lastEnd, end);
    readyAt[thread] = end + lateNs;
  }
  return {
    meanLatencyMs: latencySum / frames / MS,
    framesPerSecond: (frames * 1e9) / (lastEnd - startNs),
  };
}

function assertNear(value: number, wanted: number, share: number): void {
  assert.ok(Math.abs(value / wanted - 1) <= share, `${value} is not within ${100 * share} % of ${wanted}`);
}

describe('SimulatedDevice', () => {
  it("gives the published figures of EfficientViT-M5 from the device's own two numbers", () => {
    const one = closedLoop(1, 1);
    assertNear(one.meanLatencyMs, 6.34, 0.001);
    const four = closedLoop(1, 4);
    assertNear(four.meanLatencyMs, 22.69, 0.03);
    assertNear(four.framesPerSecond, 174.7, 0.01);
  });

  it('gives 8 threads no further frame on one core, and each twice the latency', () => {
    const four = closedLoop(1, 4);
    const eight = closedLoop(1, 8);
    assertNear(eight.framesPerSecond, four.framesPerSecond, 0.001);
    assertNear(eight.meanLatencyMs, 2 * four.meanLatencyMs, 0.01);
  });

  it('gives 8 threads on two cores twice the frames of one core, at the latency of 4', () => {
    const eight = closedLoop(2, 8);
    assertNear(eight.framesPerSecond, 2 * closedLoop(1, 4).framesPerSecond, 0.01);
    assertNear(eight.meanLatencyMs, closedLoop(1, 4).meanLatencyMs, 0.01);
    // Where threads are slow to come back, 4 of them leave two cores idle, and 8 do not.
    const lateNs = 8 * MS;
    const gain =
      closedLoop(2, 8, 4000, lateNs).framesPerSecond / closedLoop(2, 4, 4000, lateNs).framesPerSecond;
    assert.ok(gain > 1.2, `${gain}`);
  });

  it('stays busy when threads come back late, as long as others wait in its queue', () => {
    assertNear(closedLoop(1, 4, 4000, 10 * MS).framesPerSecond, 174.8, 0.001);
  });

  it('never serves two frames on one core at once, nor idles while one waits', () => {
    const steps = fc.array(
      fc.record({ gapNs: fc.integer({ min: 0, max: 1000 }), serviceNs: fc.integer({ min: 0, max: 1000 }) }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), (frames, cores) => {
        const device = freshDevice();
        const freeAt = new Array<number>(cores).fill(0);
        let now = 0;
        for (const { gapNs, serviceNs } of frames) {
          now += gapNs;
          const core = freeAt.indexOf(Math.min(...freeAt));
          const end = Math.max(now, freeAt[core] ?? 0) + serviceNs;
          freeAt[core] = end;
          assert.equal(device.serve(now, serviceNs, { cores }), end);
        }
        assert.equal(
          device.counters().busyNs,
          frames.reduce((sum, { serviceNs }) => sum + serviceNs, 0),
        );
      }),
    );
  });

  it('tells the time served until now, without what waits', () => {
    const device = freshDevice();
    device.serve(0, 100, { cores: 2 });
    device.serve(0, 100, { cores: 2 });
    device.serve(0, 100, { cores: 2 });
    assert.equal(device.counters().busyNs, 300);
    assert.deepEqual(
      [0, 50, 100, 150, 1000].map((nowNs) => device.servedNs(nowNs)),
      [0, 100, 200, 250, 300],
    );
  });

  it('keeps to one core where one is chosen', () => {
    const device = freshDevice();
    assert.equal(device.serve(100, 50, 1), 150);
    assert.equal(device.serve(100, 50, 1), 200);
    assert.equal(device.serve(100, 50, 0), 150);
  });

  it('is one for all users of a chip in the process', () => {
    assert.equal(simulatedDevice('rdk-x5'), simulatedDevice('rdk-x5'));
    assert.notEqual(simulatedDevice('rdk-x5'), simulatedDevice('rdk-x3'));
  });
});
