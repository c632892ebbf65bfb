// A process that loads, resizes, swaps and runs a pool without end, and leaves in a given way when it is told to:
//   node poolChild.js MODEL.onnx graceful|drain|abrupt|uncaught|default
import { ownProcessExit } from '../../src/core/processExit.js';
import { preprocessOptions } from '../../src/image/PreprocessOptions.js';
import type { OnnxBackendSpec } from '../../src/inference/BackendSpec.js';
import { InferencePool } from '../../src/pool/InferencePool.js';
import type { PoolModel } from '../../src/pool/PoolOptions.js';

ownProcessExit();
const [modelPath = '', ending = 'graceful'] = process.argv.slice(2);

const backend: OnnxBackendSpec = {
  kind: 'onnx',
  modelPath,
  input: {
    widthPx: 224,
    heightPx: 224,
    layout: 'nchw',
    color: 'rgb',
    mean: [123.675, 116.28, 103.53],
    scale: [0.017, 0.0175, 0.0174],
  },
  yuvRange: 'full',
};
const model: PoolModel<number> = {
  backend,
  preprocess: preprocessOptions(),
  postprocess: (logits) => logits[0] ?? Number.NaN,
};
const pool = new InferencePool<number>({ model, threads: 2, dropPolicy: 'block' });
let isLeaving = false;

async function leave(): Promise<void> {
  isLeaving = true;
  switch (ending) {
    case 'graceful':
      await pool.close({ drain: false });
      process.exit(130);
      break;
    case 'drain':
      await pool.close();
      process.exitCode = 130;
      break;
    case 'abrupt':
      process.exit(130);
      break;
    case 'uncaught':
      setImmediate(() => {
        throw new Error('nobody catches this');
      });
      break;
  }
}

function frame(number: number) {
  return {
    kind: 'raw',
    stamp: { sec: 1, nanosec: number },
    frameId: 'camera',
    source: `/camera${number % 2}`,
    encoding: 'rgb8',
    widthPx: 320,
    heightPx: 240,
    strideBytes: 960,
    isBigEndian: false,
    data: new Uint8Array(320 * 240 * 3).fill(number),
  } as const;
}

async function feed(): Promise<void> {
  for (let number = 0; !isLeaving; number += 1) {
    await pool.ready();
    void pool.submit(frame(number));
    // Room may be there at once, again and again: signals come between turns of the event loop.
    if (number % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function change(): Promise<void> {
  for (let round = 0; !isLeaving; round += 1) {
    if (round % 3 === 2) await pool.swapModel(model);
    else await pool.setThreadCount(1 + ((round * 3) % 4));
  }
}

if (ending !== 'default') process.on('SIGINT', () => void leave());
process.stdout.write('up\n');
try {
  await pool.start();
  process.stdout.write('started\n');
  await Promise.all([feed(), change()]);
} catch (error) {
  // Closing fails what was under way; anything else is a fault.
  if (!isLeaving) throw error;
}
