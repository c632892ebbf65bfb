/**
 * Whether ONNX Runtime gains by computing several frames as one batch on the CPU: EfficientViT-M5 at batch 1 and at batch N
 * in turns, on one thread, by CPU time a frame, with the scores held against each other. The backend `onnx` has none.
 *
 *   node build/test/bench/onnxBatches.bench.js [--batches 2,4] [--rounds 20]
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { InferenceSession } from 'onnxruntime-node';
import { buildEfficientVit } from '../../src/efficientvit/buildEfficientVit.js';
import { loadRuntime, ONE_THREAD } from '../../src/inference/onnx/loadRuntime.js';
import { serializeOnnx } from '../../src/onnx/serializeOnnx.js';
import { formulaWeights } from '../helpers/formulaWeights.js';
import { fillRandom } from '../helpers/rawFrames.js';

const { values } = parseArgs({
  options: { batches: { type: 'string', default: '2,4' }, rounds: { type: 'string', default: '20' } },
});
const rounds = Number(values.rounds);
const batches = [1, ...values.batches.split(',').map(Number)];
const PICTURE = 3 * 224 * 224;
const US_PER_MS = 1e3;

const ort = loadRuntime();
const weights = formulaWeights('m5');
const most = Math.max(...batches);
const bytes = new Uint8Array(most * PICTURE);
fillRandom(bytes, 1);
const pixels = Float32Array.from(bytes, (byte) => (byte - 127.5) / 64);

interface Candidate {
  readonly batch: number;
  readonly session: InferenceSession;
  readonly cpuMs: number[];
}

const sessions: Candidate[] = [];
for (const batch of batches) {
  const model = serializeOnnx(buildEfficientVit({ variant: 'm5', weights, batch }));
  const session = await ort.InferenceSession.create(model, ONE_THREAD);
  sessions.push({ batch, session, cpuMs: [] });
}

async function run({ batch, session }: Candidate, first: number): Promise<Float32Array> {
  const part = pixels.slice(first * PICTURE, (first + batch) * PICTURE);
  const input = new ort.Tensor('float32', part, [batch, 3, 224, 224]);
  const [name = ''] = session.inputNames;
  const outputs = await session.run({ [name]: input });
  return (outputs[session.outputNames[0] ?? '']?.data ?? new Float32Array()) as Float32Array;
}

const [alone] = sessions;
const singles: Float32Array[] = [];
if (alone !== undefined) for (let index = 0; index < most; index++) singles.push(await run(alone, index));

process.stdout.write(
  `${cpus()[0]?.model ?? 'a CPU'}, ONNX Runtime on one thread, ${rounds} rounds in turns\n`,
);
for (let round = 0; round < rounds; round++) {
  for (const one of sessions) {
    const began = process.cpuUsage();
    await run(one, 0);
    const { user, system } = process.cpuUsage(began);
    one.cpuMs.push((user + system) / US_PER_MS / one.batch);
  }
}

const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[all.length >> 1] ?? Number.NaN;
const base = median(alone?.cpuMs ?? []);
for (const one of sessions) {
  const scores = await run(one, 0);
  const classes = scores.length / one.batch;
  let largest = 0;
  for (const [index, value] of scores.entries()) {
    const single = singles[Math.floor(index / classes)]?.[index % classes] ?? Number.NaN;
    largest = Math.max(largest, Math.abs(value - single));
  }
  const same = largest === 0 ? 'the same bits' : `scores differ by up to ${largest.toExponential(1)}`;
  const ms = median(one.cpuMs);
  process.stdout.write(
    `batch ${one.batch}: ${ms.toFixed(2)} ms CPU a frame, ${(base / ms).toFixed(3)} times as many frames; ${same}\n`,
  );
}
