// The BPU: whether the simulated one gives the figures that its device model was made from, what the pool adds to a
// frame on it, and what the binding to libdnn.so costs, measured against the fake runtime doing nothing.
//
//   node build/test/bench/bpu.bench.js [seconds a measurement] [repetitions] [frames of warm-up]
//
// At a frame every 6 ms the JavaScript compiler has seen the way of a frame often enough after some 2000 of them; a
// node that runs for a minute is past that, so the pool's part is measured behind such a warm-up.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { simulatedBpuSpec } from '../../src/classify/simulatedBpuSpec.js';
import type { RawImageFrame } from '../../src/image/ImageFrame.js';
import { preprocessOptions } from '../../src/image/PreprocessOptions.js';
import type { BackendSpec, SimulatedBpuSpec } from '../../src/inference/BackendSpec.js';
import { BpuBackend } from '../../src/inference/bpu/BpuBackend.js';
import { modelLease } from '../../src/inference/bpu/ModelLease.js';
import { SimulatedDevice } from '../../src/inference/simulated/SimulatedDevice.js';
import { resolveModel } from '../../src/model/resolveModel.js';
import { InferencePool } from '../../src/pool/InferencePool.js';
import { topK } from '../../src/pool/topK.js';
import { measurePool } from '../../src/report/perf/measurePool.js';
import type { PerfRun } from '../../src/report/perf/PerfSeries.js';
import { monotonicNs } from '../../src/stats/monotonicNs.js';
import { buildFakeLibdnn, FakeLibdnn, writeFakeBin } from '../helpers/fakeLibdnn.js';
import { measureBareWakes } from './bareWake.js';

const [secondsText, repetitionsText, warmUpText] = process.argv.slice(2);
const perfTimeMs = 1000 * Number(secondsText ?? 3);
const repetitions = Number(repetitionsText ?? 3);
const warmUpFrames = Number(warmUpText ?? 2500);
const SIDE_PX = 224;
const BARE_ROUNDS = 500;
/** Of the runs with several threads, whose figures are the device's. */
const WARM_UP_OF_RUNS = 400;
const manifest = await resolveModel('efficientvit_m5');

async function measure(backend: BackendSpec, threads: number, cores: number): Promise<PerfRun> {
  const device = new SimulatedDevice((backend as SimulatedBpuSpec).device);
  const { series } = await measurePool({
    backend,
    manifest,
    threads,
    frameCount: 0,
    perfTimeMs,
    repetitions,
    warmUpFrames: WARM_UP_OF_RUNS,
    runTimeoutMs: 5000,
    meter: { cores, busyNs: () => device.servedNs(monotonicNs()) },
  });
  return series.median;
}

function row(
  name: string,
  { latencyMs, framesPerSecond, pipelineMs, deviceUtilisationPercent, cpuMsPerFrame }: PerfRun,
) {
  const busy = deviceUtilisationPercent?.toFixed(2) ?? '-';
  console.log(
    `${name.padEnd(28)} mean ${latencyMs.mean.toFixed(3)} ms, p50 ${latencyMs.p50.toFixed(3)}, p99 ${latencyMs.p99.toFixed(3)}; ${framesPerSecond.toFixed(2)} FPS; pool adds ${pipelineMs.toFixed(3)} ms; device busy ${busy} %; ${cpuMsPerFrame.toFixed(3)} ms CPU a frame`,
  );
}

async function benchSimulation(): Promise<void> {
  const spec = simulatedBpuSpec(manifest, { bpuCore: 'any' });
  assert.deepEqual(spec.deviceModel, { cores: 1, serviceMs: 5.72, hostMs: 0.62, kind: 'published' });
  console.log(
    `simulated rdk-x5, goals: 1 thread 6.34 ms, 4 threads 22.69 ms and 174.7 FPS, 8 threads no more`,
  );
  const runs = new Map<number, PerfRun>();
  for (const threads of [1, 4, 8]) {
    const run = await measure(spec, threads, 1);
    // No measurement is quicker than the device.
    assert.ok(run.framesPerSecond <= 1000 / 5.72 + 0.5 && run.latencyMs.min >= 6.34);
    runs.set(threads, run);
    row(`  ${threads} threads`, run);
  }
  const [four, eight] = [runs.get(4), runs.get(8)];
  if (four !== undefined && eight !== undefined) {
    const gain = 100 * (eight.framesPerSecond / four.framesPerSecond - 1);
    const slower = eight.latencyMs.mean / four.latencyMs.mean;
    console.log(`  8 over 4 threads: ${gain.toFixed(2)} % frames, ${slower.toFixed(3)} times the latency`);
  }
  const twoCores = { ...spec, deviceModel: { ...spec.deviceModel, cores: 2 } };
  for (const threads of [1, 4, 8])
    row(`  two cores, ${threads} threads`, await measure(twoCores, threads, 2));
}

/** One frame at a time through one worker; median of what the pool adds, and of each of its stages. */
async function poolsPart(serviceMs: number, hostMs: number, frames: number): Promise<string> {
  const spec = simulatedBpuSpec(manifest, { bpuCore: 'any' });
  const pool = new InferencePool<number>({
    model: {
      backend: { ...spec, deviceModel: { cores: 1, serviceMs, hostMs } },
      preprocess: preprocessOptions({ widthPx: SIDE_PX, heightPx: SIDE_PX, resizeMode: 'stretch' }),
      postprocess: (logits) => topK(logits, 5, 'logits')[0]?.index ?? -1,
    },
    threads: 1,
  });
  const frame: RawImageFrame = {
    kind: 'raw',
    stamp: { sec: 0, nanosec: 0 },
    frameId: 'bench',
    source: 'bench',
    encoding: 'nv12',
    widthPx: SIDE_PX,
    heightPx: SIDE_PX,
    strideBytes: SIDE_PX,
    isBigEndian: false,
    data: Uint8Array.from({ length: (SIDE_PX * SIDE_PX * 3) / 2 }, (_, index) => index * 7),
  };
  await pool.start();
  const addedUs: number[] = [];
  for (let number = 0; number < warmUpFrames + frames; number++) {
    if (number === warmUpFrames) pool.statistics.reset();
    const outcome = await pool.submit(frame);
    assert.equal(outcome.kind, 'result');
    const { totalNs, inferenceNs } = outcome.timings;
    if (number >= warmUpFrames) addedUs.push((totalNs - inferenceNs) / 1e3);
  }
  const stages = Object.entries(pool.statistics.stages.summary())
    .filter(([stage, { count }]) => count > 0 && stage !== 'inference' && stage !== 'total')
    .map(([stage, { p50Ns }]) => `${stage} ${(p50Ns / 1e3).toFixed(0)}`);
  await pool.close();
  const sorted = addedUs.sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * sorted.length)] ?? Number.NaN).toFixed(0);
  return `p50 ${at(0.5)} µs (p5 ${at(0.05)}, p95 ${at(0.95)}): ${stages.join(', ')}`;
}

async function benchPoolsPart(): Promise<void> {
  console.log(`what the pool adds to a frame of its one worker, after ${warmUpFrames} frames of warm-up`);
  console.log(`  no service time, so that nothing sleeps: ${await poolsPart(0, 0, 4000)}`);
  const frames = Math.max(Math.round(perfTimeMs / 6.34), 1);
  console.log(`  at M5's pace, both threads asleep in between: ${await poolsPart(5.72, 0.62, frames)}`);
  const { threadUs, messageUs } = await measureBareWakes(6.34, BARE_ROUNDS);
  console.log(
    `  of which two bare threads need ${(threadUs + messageUs).toFixed(0)} µs to wake each other at that pace: the worker ${threadUs.toFixed(0)}, the main thread ${messageUs.toFixed(0)}`,
  );
}

async function benchBinding(): Promise<void> {
  const built = buildFakeLibdnn();
  if ('reason' in built) {
    console.log(`binding: left out, ${built.reason}`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'effvit-bench-'));
  try {
    const fake = new FakeLibdnn(built.path);
    fake.set({ blank: 1 });
    const modelPath = writeFakeBin(join(folder, 'model.bin'));
    const backend = new BpuBackend({
      kind: 'bpu',
      modelPath,
      libraryPath: built.path,
      widthPx: 224,
      heightPx: 224,
      core: 'any',
      priority: 0,
      timeoutMs: 1000,
      lease: modelLease(modelPath),
    });
    await backend.load();
    const nv12 = new Uint8Array((224 * 224 * 3) / 2);
    const inputUs: number[] = [];
    const inferenceUs: number[] = [];
    for (let frame = 0; frame < 4000; frame++) {
      nv12[0] = frame;
      const { inputNs, inferenceNs } = await backend.run(nv12);
      inputUs.push(inputNs / 1e3);
      inferenceUs.push(inferenceNs / 1e3);
    }
    assert.deepEqual(fake.lastNv12(), nv12);
    await backend.dispose();
    assert.equal(fake.violations(), '');
    const median = (values: number[]): string =>
      (values.sort((a, b) => a - b)[values.length >> 1] ?? 0).toFixed(1);
    console.log(
      `binding, the fake's own copies included: input ${median(inputUs)} µs, infer to release ${median(inferenceUs)} µs a frame (median of 4000)`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

console.log(
  `${cpus()[0]?.model}, ${cpus().length} cores, Node.js ${process.versions.node}, load ${loadavg()[0]?.toFixed(1)}`,
);
await benchBinding();
await benchPoolsPart();
await benchSimulation();
