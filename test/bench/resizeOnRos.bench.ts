// CPU of the node for a nv12 frame where the chip cuts and scales (`resize_on` bpu) against the CPU doing it, over ROS, in
// turns. The chip is SIMULATED, without service time: what is left is ours and the middleware's.
//
//   npm run ros -- node build/test/bench/resizeOnRos.bench.js [--size 1920x1080] [--seconds 6] [--rounds 3] [--hz 30]
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFakeBin } from '../helpers/fakeLibdnn.js';
import { messageOfFrame } from '../helpers/imageMessage.js';
import { fillRandom, rawFrame } from '../helpers/rawFrames.js';
import { removeDeadSharedMemory } from '../helpers/removeDeadSharedMemory.js';
import { median } from './median.js';
import { type NodeCpu, nodeCpu } from './ros/nodeCpu.js';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1920x1080' },
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '3' },
    hz: { type: 'string', default: '30' },
  },
});
const [widthPx = 0, heightPx = 0] = values.size.split('x').map(Number);
const MANIFEST = `name: resizer
input: { width_px: 224, height_px: 224 }
preprocess: { resize_mode: crop, resize_short_side_px: 256 }
output: { class_count: 1000 }
files: { bpu: { rdk-x5: { file: model.bin, march: bayes-e, input_source: resizer } } }
device_model: { rdk-x5: { cores: 1, service_ms: 0, host_ms: 0 } }
`;
const WAYS = ['cpu', 'bpu'] as const;

const scratch = mkdtempSync(join(tmpdir(), 'effvit-bench-resize-'));
try {
  const model = join(scratch, 'model');
  mkdirSync(model);
  writeFileSync(join(model, 'manifest.yaml'), MANIFEST);
  writeFakeBin(join(model, 'model.bin'));
  const frame = rawFrame({ encoding: 'nv12', widthPx, heightPx }, (data) => fillRandom(data, 1));
  const run = (way: (typeof WAYS)[number]): Promise<NodeCpu> => {
    const parameters = { model, backend: 'bpu_sim', threads: 1, resize_on: way };
    return nodeCpu({
      rosArguments: Object.entries(parameters).flatMap(([name, value]) => ['-p', `${name}:=${value}`]),
      topic: '/image',
      type: 'sensor_msgs/msg/Image',
      message: messageOfFrame(frame, 1),
      hz: Number(values.hz),
      seconds: Number(values.seconds),
    });
  };
  const rounds = new Map<string, NodeCpu[]>(WAYS.map((way) => [way, []]));
  for (let index = 0; index < Number(values.rounds); index++) {
    for (const way of WAYS) {
      const one = await run(way);
      assert.ok(one.published > 0, 'no frame was classified');
      rounds.get(way)?.push(one);
    }
  }
  const cpuOf = (way: string): number =>
    median((rounds.get(way) ?? []).map(({ cpuMsPerFrame }) => cpuMsPerFrame));
  console.log(
    `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, load ${loadavg()[0]?.toFixed(2)}; nv12 ${values.size} at ${values.hz} Hz, the chip SIMULATED`,
  );
  for (const [way, all] of rounds) {
    const sum = (key: Exclude<keyof NodeCpu, 'cpu'>): number =>
      all.reduce((total, one) => total + one[key], 0);
    console.log(
      `resize_on ${way}: ${cpuOf(way).toFixed(2)} ms of CPU a frame (${(cpuOf(way) / cpuOf('cpu')).toFixed(2)}), ${sum('received')} received, ${sum('published')} published, ${sum('superseded')} superseded, ${sum('missing')} missing`,
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
  removeDeadSharedMemory(process.env);
}
