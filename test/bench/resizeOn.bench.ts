/**
 * What a frame costs the CPU in the pool when the chip cuts and scales (`resize_on` bpu) against the CPU doing it, in turns, by
 * CPU time of the whole process. The chip is simulated, at no cost and with no time of its own: what is left is handing the
 * frame over, one copy of its rows.
 *
 *   node build/test/bench/resizeOn.bench.js [--size 1920x1080] [--frames 200] [--rounds 7]
 */
import assert from 'node:assert/strict';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { preprocessOptions, type ResizeOn } from '../../src/image/PreprocessOptions.js';
import { simulatedDevice } from '../../src/inference/simulated/SimulatedDevice.js';
import { InferencePool } from '../../src/pool/InferencePool.js';
import { fillRandom, rawFrame } from '../helpers/rawFrames.js';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1920x1080' },
    frames: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '7' },
  },
});
const [widthPx = 0, heightPx = 0] = values.size.split('x').map(Number);
const frameCount = Number(values.frames);
const US_PER_MS = 1e3;

const pool = new InferencePool<number>({
  model: {
    backend: {
      kind: 'bpu_sim',
      chip: 'rdk-x5',
      deviceModel: { cores: 1, serviceMs: 0, hostMs: 0 },
      core: 'any',
      device: simulatedDevice('rdk-x5'),
      isResizer: true,
      results: { kind: 'hash', widthPx: 224, heightPx: 224, classCount: 1000 },
    },
    preprocess: preprocessOptions(),
    postprocess: (logits) => logits.indexOf(8),
  },
  threads: 1,
  dropPolicy: 'block',
});
await pool.start();
const frames = [1, 3, 5].map((seed) =>
  rawFrame({ encoding: 'nv12', widthPx, heightPx }, (data) => fillRandom(data, seed)),
);

async function cpuMsOf(resizeOn: ResizeOn, count: number): Promise<number> {
  pool.setModelOptions({ preprocess: OPTIONS[resizeOn] });
  const began = process.cpuUsage();
  for (let index = 0; index < count; index++) {
    const frame = frames[index % frames.length];
    assert.ok(frame);
    const outcome = await pool.submit(frame);
    assert.equal(outcome.kind, 'result');
    if (outcome.kind === 'result') assert.notEqual(outcome.pictureNotes?.[0], 'cpu_resized');
  }
  const { user, system } = process.cpuUsage(began);
  return (user + system) / US_PER_MS / count;
}

const OPTIONS = {
  auto: preprocessOptions(),
  cpu: preprocessOptions({ resizeOn: 'cpu' }),
  bpu: preprocessOptions({ resizeOn: 'bpu' }),
};
const times: Record<'cpu' | 'bpu', number[]> = { cpu: [], bpu: [] };
for (const kind of ['cpu', 'bpu'] as const) await cpuMsOf(kind, 50);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const kind of ['cpu', 'bpu'] as const) times[kind].push(await cpuMsOf(kind, frameCount));
}
await pool.close();
const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[all.length >> 1] ?? Number.NaN;
const [cpu, bpu] = [median(times.cpu), median(times.bpu)];
process.stdout.write(
  `${cpus()[0]?.model ?? 'a CPU'}, nv12 ${values.size}, the chip SIMULATED\nCPU ms a frame: resize_on cpu ${cpu.toFixed(3)}, bpu ${bpu.toFixed(3)} (${(bpu / cpu).toFixed(2)} of it)\n`,
);
