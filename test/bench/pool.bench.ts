// The pool against as many bare one-thread ONNX Runtime sessions, rounds interleaved; then how free the pool
// leaves the main thread, and what a further worker costs.
//
//   node build/test/bench/pool.bench.js [MODEL.onnx] [seconds a round] [rounds]
//
// Without a model: EfficientViT-M5 with made-up weights, which takes the same time as with real ones. The model has an
// input [1,3,224,224]. Processor time a frame is shown beside the rates: it
// says the same on a machine that is busy with other things.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { buildEfficientVit } from '../../src/efficientvit/buildEfficientVit.js';
import type { RawImageFrame } from '../../src/image/ImageFrame.js';
import { preprocessOptions } from '../../src/image/PreprocessOptions.js';
import type { ModelInput } from '../../src/model/ModelManifest.js';
import { writeOnnx } from '../../src/onnx/serializeOnnx.js';
import { InferencePool } from '../../src/pool/InferencePool.js';
import { formulaWeights } from '../helpers/formulaWeights.js';
import { BareSessions, type Round, roundSince } from './BareSessions.js';
import { median } from './median.js';

const INPUT: ModelInput = {
  widthPx: 224,
  heightPx: 224,
  layout: 'nchw',
  color: 'rgb',
  mean: [123.675, 116.28, 103.53],
  scale: [1 / 58.395, 1 / 57.12, 1 / 57.375],
};

const [givenModelPath, secondsText, roundsText] = process.argv.slice(2);
const roundMs = Number(secondsText ?? 1) * 1000;
const rounds = Number(roundsText ?? 7);
const scratch = mkdtempSync(join(tmpdir(), 'effvit-bench-'));
const modelPath = givenModelPath ?? (await madeUpModel());

async function madeUpModel(): Promise<string> {
  const path = join(scratch, 'efficientvit_m5.onnx');
  await writeOnnx(path, buildEfficientVit({ variant: 'm5', weights: formulaWeights('m5') }));
  return path;
}

function frameOf(widthPx: number, heightPx: number, encoding: 'rgb8' | 'nv12'): RawImageFrame {
  const strideBytes = encoding === 'rgb8' ? 3 * widthPx : widthPx;
  const lengthBytes = encoding === 'rgb8' ? strideBytes * heightPx : (strideBytes * heightPx * 3) / 2;
  return {
    kind: 'raw',
    stamp: { sec: 1, nanosec: 0 },
    frameId: 'camera',
    source: '/camera',
    encoding,
    widthPx,
    heightPx,
    strideBytes,
    isBigEndian: false,
    data: new Uint8Array(lengthBytes).map((_, index) => index * 7),
  };
}

function makePool(threads: number): InferencePool<number> {
  return new InferencePool({
    model: {
      backend: { kind: 'onnx', modelPath, input: INPUT, yuvRange: 'full' },
      preprocess: preprocessOptions(),
      postprocess: (logits) => logits[0] ?? 0,
    },
    threads,
    dropPolicy: 'block',
  });
}

async function poolRound(pool: InferencePool<number>, frame: RawImageFrame): Promise<Round> {
  pool.statistics.reset();
  const startMs = performance.now();
  const cpuBefore = process.cpuUsage();
  while (performance.now() - startMs < roundMs) {
    await pool.ready();
    void pool.submit(frame);
  }
  await pool.drain();
  const { published, received } = pool.statistics.frames.counts();
  assert.equal(published, received);
  return roundSince(startMs, cpuBefore, published);
}

async function compare(count: number, frame: RawImageFrame): Promise<void> {
  const bare = await BareSessions.start(modelPath, count);
  const pool = makePool(count);
  await pool.start();
  await bare.round(roundMs);
  await poolRound(pool, frame);
  const bareRounds: Round[] = [];
  const poolRounds: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bareRounds.push(await bare.round(roundMs));
    poolRounds.push(await poolRound(pool, frame));
  }
  const ratios = poolRounds.map(({ fps }, round) => fps / (bareRounds[round]?.fps ?? Number.NaN));
  const show = (each: readonly Round[]) =>
    `${median(each.map(({ fps }) => fps)).toFixed(1)} fps at ${median(each.map(({ cpuMsPerFrame }) => cpuMsPerFrame)).toFixed(2)} ms of processor`;
  const stages = pool.statistics.stages.summary();
  console.log(
    `${count} worker(s), ${frame.widthPx}x${frame.heightPx} ${frame.encoding}: bare ${show(bareRounds)}, pool ${show(poolRounds)}, ratio ${median(ratios).toFixed(3)} (${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)})`,
  );
  console.log(
    `   p50 ms: ${Object.entries(stages)
      .map(([stage, { p50Ns }]) => `${stage} ${(p50Ns / 1e6).toFixed(3)}`)
      .join(', ')}`,
  );
  await pool.close();
  await bare.end();
}

async function eventLoopDelay(count: number, frame: RawImageFrame): Promise<void> {
  const pool = makePool(count);
  await pool.start();
  await poolRound(pool, frame);
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  const { fps } = await poolRound(pool, frame);
  histogram.disable();
  // The monitor's own period is in its figures.
  const overNs = (percentile: number) => histogram.percentile(percentile) - 1e6;
  console.log(
    `event loop delay with ${count} worker(s) at ${fps.toFixed(1)} fps: p50 ${(overNs(50) / 1e6).toFixed(2)} ms, p99 ${(overNs(99) / 1e6).toFixed(2)} ms, max ${(overNs(100) / 1e6).toFixed(2)} ms`,
  );
  await pool.close();
}

function privateMiB(): number {
  const text = readFileSync('/proc/self/smaps_rollup', 'latin1');
  const kib = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)?.[1] ?? Number.NaN);
  return (kib('Private_Clean') + kib('Private_Dirty')) / 1024;
}

async function workerCost(frame: RawImageFrame): Promise<void> {
  const pool = makePool(1);
  await pool.start();
  const millis: number[] = [];
  const mebibytes: number[] = [];
  await poolRound(pool, frame);
  for (let threads = 2; threads <= 8; threads += 1) {
    const before = privateMiB();
    const startMs = performance.now();
    await pool.setThreadCount(threads);
    millis.push(performance.now() - startMs);
    await poolRound(pool, frame);
    mebibytes.push(privateMiB() - before);
  }
  console.log(
    `a further worker: ${median(millis).toFixed(1)} ms (${Math.min(...millis).toFixed(1)} to ${Math.max(...millis).toFixed(1)}), ${median(mebibytes).toFixed(1)} MiB private (${Math.min(...mebibytes).toFixed(1)} to ${Math.max(...mebibytes).toFixed(1)})`,
  );
  await pool.close();
}

console.log(
  `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, load ${loadavg()[0]?.toFixed(2)}`,
);
console.log(`${givenModelPath ?? 'EfficientViT-M5'}, ${rounds} rounds of ${roundMs} ms each`);
const prepared = frameOf(224, 224, 'nv12');
const camera = frameOf(640, 480, 'rgb8');
for (const count of [1, 2]) {
  await compare(count, prepared);
  await compare(count, camera);
}
await eventLoopDelay(cpus().length, camera);
await workerCost(camera);
rmSync(scratch, { recursive: true });
