import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { signedUnit } from '../../../../src/inference/simulated/hashLogits.js';
import {
  SimulatedDevice,
  SimulatedLoad,
  simulatedDevice,
} from '../../../../src/inference/simulated/SimulatedDevice.js';
import { type PerfSeries, perfSeries } from '../../../../src/report/perf/PerfSeries.js';
import { perfMeanings } from '../../../../src/report/perf/perfMeanings.js';
import { monotonicNs } from '../../../../src/stats/monotonicNs.js';

const MS = 1e6;
const HOUR_NS = 3.6e12;
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

interface LoopOptions {
  readonly frames?: number;
  /** How long a thread takes between two frames. */
  readonly lateNs?: number;
  readonly serviceNs?: number;
  readonly hostNs?: number;
  /** The service times differ by up to this share, drawn by the seed. */
  readonly jitter?: number;
  readonly seed?: number;
}

/** Threads that each hand over their next frame as soon as the last one is back, in thought time: exact. */
function closedLoop(cores: number, threads: number, options: LoopOptions = {}): ClosedLoop {
  const {
    frames = 4000,
    lateNs = 0,
    serviceNs = SERVICE_NS,
    hostNs = HOST_NS,
    jitter = 0,
    seed = 1,
  } = options;
  const device = freshDevice();
  const startNs = 1e9;
  const readyAt = new Array<number>(threads).fill(startNs);
  let latencySum = 0;
  let lastEnd = startNs;
  for (let frame = 0; frame < frames; frame++) {
    const thread = readyAt.indexOf(Math.min(...readyAt));
    const begin = readyAt[thread] ?? 0;
    const drawnNs = serviceNs * (1 + jitter * signedUnit(frame ^ Math.imul(seed, 0x9e3779b1)));
    const end = device.serve(begin + hostNs / 2, drawnNs, { cores }) + hostNs / 2;
    latencySum += end - begin;
    lastEnd = Math.max(lastEnd, end);
    readyAt[thread] = end + lateNs;
  }
  return {
    meanLatencyMs: latencySum / frames / MS,
    framesPerSecond: (frames * 1e9) / (lastEnd - startNs),
  };
}

/** As a measurement would tell it. */
function measuredSeries(cores: number, threads: number, options: LoopOptions): PerfSeries {
  const { framesPerSecond, meanLatencyMs: mean } = closedLoop(cores, threads, options);
  const { serviceNs = SERVICE_NS } = options;
  return perfSeries(threads, [
    {
      frameCount: 4000,
      runTimeMs: 4e6 / framesPerSecond,
      framesPerSecond,
      latencyMs: { mean, min: mean, p50: mean, p95: mean, p99: mean, max: mean },
      pipelineMs: 0,
      cpuMsPerFrame: 0,
      deviceUtilisationPercent: (100 * framesPerSecond * serviceNs) / (1e9 * cores),
    },
  ]);
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
    const gain = closedLoop(2, 8, { lateNs }).framesPerSecond / closedLoop(2, 4, { lateNs }).framesPerSecond;
    assert.ok(gain > 1.2, `${gain}`);
  });

  it('lets 8 threads gain on two cores as much as the time around the device leaves them idle with 4', () => {
    const fps = (threads: number, options: LoopOptions) => closedLoop(2, threads, options).framesPerSecond;
    // A frame holds its thread for S + H and a core for S, so N threads keep 2 cores busy where N S >= 2 (S + H).
    for (const hostShare of [0.108, 0.5, 1, 1.5, 2, 3]) {
      const times = { serviceNs: 4 * MS, hostNs: 4 * MS * hostShare };
      const most = 2 / 4e-3;
      const wanted = (threads: number) => Math.min(most, threads / (4e-3 * (1 + hostShare)));
      assertNear(fps(4, times), wanted(4), 0.005);
      assertNear(fps(8, times), wanted(8), 0.005);
    }
    // The X5's times of M5 on two cores: 4 threads keep both busy. Three times the host's share: 8 are needed.
    assertNear(fps(8, {}), fps(4, {}), 0.005);
    const slowHost = { hostNs: 3 * SERVICE_NS };
    assertNear(fps(8, slowHost), 2 * fps(4, slowHost), 0.005);
    // The same frames for the same seed, and the gain whatever the seed.
    for (const seed of [1, 2, 3]) {
      const drawn = { ...slowHost, jitter: 0.4, seed };
      assert.deepEqual(closedLoop(2, 8, drawn), closedLoop(2, 8, drawn));
      const gain = fps(8, drawn) / fps(4, drawn);
      assert.ok(gain > 1.5 && gain <= 2.01, `seed ${seed}: ${gain}`);
    }
    assert.notDeepEqual(
      closedLoop(2, 8, { jitter: 0.4, seed: 1 }),
      closedLoop(2, 8, { jitter: 0.4, seed: 2 }),
    );
  });

  it('shows that gain, and what it comes from, in the sentences of a measurement', () => {
    const meanings = (options: LoopOptions) =>
      perfMeanings(
        [1, 4, 8].map((threads) => measuredSeries(2, threads, options)),
        'simulated BPU',
      );
    const slowHost = { serviceNs: 2 * MS, hostNs: 3 * MS };
    assert.match(
      meanings(slowHost)[2] ?? '',
      /^8 threads bring \+25\.0 % frames over 4: a frame alone takes 5\.00 ms and one is done every 1\.00 ms at best, so it takes [56] threads to keep the simulated BPU busy\.$/,
    );
    assert.match(meanings({})[2] ?? '', /^8 threads bring no more frames than 4/);
  });

  it('stays busy when threads come back late, as long as others wait in its queue', () => {
    assertNear(closedLoop(1, 4, { lateNs: 10 * MS }).framesPerSecond, 174.8, 0.001);
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
