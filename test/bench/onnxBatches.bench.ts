/**
 * What `onnx_batch` gains and costs on the CPU: a pool for each batch, in turns, all frames waiting from the start, with
 * the results held against each other. Frames a second are the machine's, CPU time a frame is hardly disturbed by others.
 *
 *   node build/test/bench/onnxBatches.bench.js [--model NAME] [--batches 1,2,4] [--threads 2] [--frames 24] [--rounds 10]
 */
import assert from 'node:assert/strict';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { Classifier } from '../../src/classify/Classifier.js';
import { loadModel } from '../../src/classify/loadModel.js';
import { fillRandom, rawFrame } from '../helpers/rawFrames.js';
import { median } from './median.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'efficientvit_m5_signs' },
    batches: { type: 'string', default: '1,2,4' },
    threads: { type: 'string', default: '2' },
    frames: { type: 'string', default: '24' },
    rounds: { type: 'string', default: '10' },
  },
});
const [threads, frameCount, rounds] = [values.threads, values.frames, values.rounds].map(Number) as [
  number,
  number,
  number,
];
const frames = Array.from({ length: frameCount }, (_, index) =>
  rawFrame({ encoding: 'rgb8', widthPx: 224, heightPx: 224 }, (data) => fillRandom(data, index + 1)),
);

interface Candidate {
  readonly batch: number;
  readonly classifier: Classifier;
  readonly wallMs: number[];
  readonly cpuMs: number[];
  readonly latencyMs: number[];
}

const candidates: Candidate[] = [];
for (const batch of values.batches.split(',').map(Number)) {
  const options = {
    model: values.model,
    backend: 'onnx',
    threads,
    onnxBatch: batch,
    dropPolicy: 'block',
    queueSize: frameCount,
    inferenceTimeoutMs: 60_000,
  } as const;
  const classifier = await Classifier.start(await loadModel(options), options);
  candidates.push({ batch, classifier, wallMs: [], cpuMs: [], latencyMs: [] });
}

async function run({ classifier, wallMs, cpuMs, latencyMs }: Candidate): Promise<unknown[]> {
  const [beganMs, began] = [performance.now(), process.cpuUsage()];
  const outcomes = await Promise.all(frames.map((frame) => classifier.classify(frame)));
  const { user, system } = process.cpuUsage(began);
  wallMs.push((performance.now() - beganMs) / frameCount);
  cpuMs.push((user + system) / 1e3 / frameCount);
  return outcomes.map((outcome) => {
    assert.equal(outcome.kind, 'result');
    if (outcome.kind !== 'result') return undefined;
    latencyMs.push(Number(outcome.timings.inferenceNs) / 1e6);
    return outcome.value;
  });
}

process.stdout.write(`${cpus()[0]?.model ?? 'a CPU'}, ${threads} workers, ${rounds} rounds in turns\n`);
let expected: unknown[] | undefined;
for (let round = 0; round < rounds; round++) {
  for (const candidate of candidates) {
    const results = await run(candidate);
    expected ??= results;
    assert.deepEqual(results, expected, `batch ${candidate.batch} has other scores`);
  }
}
const [base] = candidates;
for (const one of candidates) {
  const [wall, cpu] = [median(one.wallMs), median(one.cpuMs)];
  const ratio = (of: (candidate: Candidate) => number[]): string =>
    (median(of(base ?? one)) / median(of(one))).toFixed(3);
  process.stdout.write(
    `onnx_batch ${one.batch}: ${(1000 / wall).toFixed(1)} frames a second (${ratio(({ wallMs }) => wallMs)}), ${cpu.toFixed(2)} ms CPU a frame (${ratio(({ cpuMs }) => cpuMs)} times as many frames), a run takes ${median(one.latencyMs).toFixed(1)} ms; the same scores\n`,
  );
  await one.classifier.close();
}
process.stdout.write(`load ${loadavg()[0]?.toFixed(1)}\n`);
