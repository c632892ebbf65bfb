// What a frame of a TROS camera costs the node, against the same picture as sensor_msgs/Image: 960x544 nv12, three ways,
// rounds interleaved. The model is a small one, the same for all.
//
//   npm run ros -- node build/test/bench/tros.bench.js [--seconds 10] [--rounds 3] [--hz 30]
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeColourModel } from '../helpers/colourModel.js';
import { hbmMessage } from '../helpers/hbmMessage.js';
import { imageMessage } from '../helpers/imageMessage.js';
import { removeDeadSharedMemory } from '../helpers/removeDeadSharedMemory.js';
import { median } from './median.js';
import { type NodeCpu, nodeCpu } from './ros/nodeCpu.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    hz: { type: 'string', default: '30' },
  },
});
const TOPIC = '/hbmem_img';
const SIZE = { widthPx: 960, heightPx: 544 };
const data = new Uint8Array((SIZE.widthPx * SIZE.heightPx * 3) / 2).map((_, at) => (at * 7919) & 0xff);

const WAYS = [
  {
    name: 'sensor_msgs/Image',
    type: 'sensor_msgs/msg/Image',
    message: imageMessage(0, 0, { ...SIZE, encoding: 'nv12', strideBytes: SIZE.widthPx, data }),
    env: {},
  },
  {
    name: 'HbmMsg1080P',
    type: 'hbm_img_msgs/msg/HbmMsg1080P',
    message: hbmMessage({ ...SIZE, data }),
    env: {},
  },
  {
    name: 'HbmMsg1080P, zero copy',
    type: 'hbm_img_msgs/msg/HbmMsg1080P',
    message: hbmMessage({ ...SIZE, data }),
    env: { RMW_FASTRTPS_USE_QOS_FROM_XML: '1' },
  },
] as const;

const scratch = mkdtempSync(join(tmpdir(), 'effvit-bench-tros-'));

try {
  console.log(
    `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, load ${loadavg()[0]?.toFixed(2)}`,
  );
  const model = await writeColourModel(join(scratch, 'colours'));
  const rounds = new Map<string, NodeCpu[]>(WAYS.map(({ name }) => [name, []]));
  for (let index = 0; index < Number(values.rounds); index++)
    for (const way of WAYS) {
      const one = await nodeCpu({
        ...way,
        rosArguments: ['-p', `model:=${model}`, '-r', `image:=${TOPIC}`],
        topic: TOPIC,
        hz: Number(values.hz),
        seconds: Number(values.seconds),
      });
      rounds.get(way.name)?.push(one);
    }
  console.log(`960x544 nv12 at ${values.hz} Hz, ${values.rounds} rounds of ${values.seconds} s, medians`);
  for (const [name, all] of rounds) {
    const cpu = median(all.map(({ cpuMsPerFrame }) => cpuMsPerFrame)).toFixed(2);
    const received = all.reduce((sum, one) => sum + one.received, 0);
    const missing = all.reduce((sum, one) => sum + one.missing, 0);
    const superseded = all.reduce((sum, one) => sum + one.superseded, 0);
    console.log(
      `${name.padEnd(24)} ${cpu} ms of CPU a frame, ${received} received, ${superseded} superseded, ${missing} missing`,
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
  removeDeadSharedMemory(process.env);
}
