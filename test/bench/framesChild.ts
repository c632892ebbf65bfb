// Frames through the pool and out as CDR, for instructions.bench.ts to count: BUILD MODEL, with
// EFFVIT_BENCH_FRAMES='WARM_UP COUNTED' and EFFVIT_BENCH_SIZE=32x32 in the environment
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mark } from './markFrames.js';

const [build = '', model = ''] = process.argv.slice(2);
const { EFFVIT_BENCH_FRAMES = '', EFFVIT_BENCH_SIZE = '32x32' } = process.env;
const [warmUpFrames = 0, frames = 0] = EFFVIT_BENCH_FRAMES.split(' ').map(Number);

/** Of the build that is measured, which may be an older one. */
async function load<Module>(path: string): Promise<Module> {
  return (await import(pathToFileURL(join(build, 'src', path)).href)) as Module;
}

const { Classifier } =
  await load<typeof import('../../src/classify/Classifier.js')>('classify/Classifier.js');
const { classifierOptions } = await load<typeof import('../../src/classify/classifierOptions.js')>(
  'classify/classifierOptions.js',
);
const { loadModel } = await load<typeof import('../../src/classify/loadModel.js')>('classify/loadModel.js');
const { classificationCdr } = await load<typeof import('../../src/messages/classificationCdr.js')>(
  'messages/classificationCdr.js',
);

const options = classifierOptions({
  model,
  backend: 'bpu_sim',
  threads: 1,
  dropPolicy: 'block',
  // Valgrind runs one thread at a time, some fifty times slower.
  inferenceTimeoutMs: 60_000,
});
const classifier = await Classifier.start(await loadModel(options), {
  ...options,
  stampClockNs: () => 2_000_000_000n,
});
// At 32x32 the pixels do not count.
const [widthPx = 0, heightPx = 0] = EFFVIT_BENCH_SIZE.split('x').map(Number);
const data = new Uint8Array((widthPx * heightPx * 3) / 2).fill(100);
const frame = {
  kind: 'raw',
  frameId: 'camera',
  source: '/camera',
  encoding: 'nv12',
  widthPx,
  heightPx,
  strideBytes: widthPx,
  isBigEndian: false,
  data,
} as const;

async function classify(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const outcome = await classifier.classify({ ...frame, stamp: { sec: 1, nanosec: index } });
    if (outcome.kind !== 'result') throw new Error(`A frame was dropped: ${outcome.cause}`);
    classificationCdr(outcome.header, outcome.value, 'index');
  }
}

await classify(warmUpFrames);
mark();
await classify(frames);
mark();
await classifier.close();
