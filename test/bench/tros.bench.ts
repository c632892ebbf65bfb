// What a frame of a TROS camera costs the node, against the same picture as sensor_msgs/Image: 960x544 nv12, three ways,
// rounds interleaved. The model is a small one, the same for all.
//
//   npm run ros -- node build/test/bench/tros.bench.js [--seconds 10] [--rounds 3] [--hz 30]
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { packagePath } from '../../src/core/packageRoot.js';
import { writeColourModel } from '../helpers/colourModel.js';
import { hbmMessage } from '../helpers/hbmMessage.js';
import { imageMessage } from '../helpers/imageMessage.js';
import { NodeProcess } from '../helpers/NodeProcess.js';
import type { Statistics } from '../helpers/NodeUnderTest.js';
import { RosPeer, waitFor } from '../helpers/RosPeer.js';
import { removeDeadSharedMemory } from '../helpers/removeDeadSharedMemory.js';
import { median } from './median.js';
import { threadCpu } from './ros/threadCpu.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    hz: { type: 'string', default: '30' },
  },
});
const NODE = '/classifier';
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

interface Round {
  readonly cpuMsPerFrame: number;
  readonly received: number;
  readonly missing: number;
  readonly superseded: number;
}

const profile = packagePath('config', 'fastdds.xml');
const base: NodeJS.ProcessEnv = {
  ...process.env,
  ROS_DOMAIN_ID: String(1 + (process.pid % 100)),
  ROS_AUTOMATIC_DISCOVERY_RANGE: 'LOCALHOST',
  FASTRTPS_DEFAULT_PROFILES_FILE: profile,
  FASTDDS_DEFAULT_PROFILES_FILE: profile,
};
const scratch = mkdtempSync(join(tmpdir(), 'effvit-bench-tros-'));

async function round({ type, message, env }: (typeof WAYS)[number], model: string): Promise<Round> {
  const environment = { ...base, ...env };
  const node = new NodeProcess(environment, ['-p', `model:=${model}`, '-r', `image:=${TOPIC}`]);
  const camera = await RosPeer.start(environment);
  const user = await RosPeer.start(environment);
  try {
    for (const label of ['configure', 'activate'])
      if (!(await user.transition(NODE, label))) throw new Error(node.output);
    const topic = `${NODE}/statistics`;
    await user.ask({ op: 'subscribe', topic, type: 'effvit/msg/PipelineStatistics' });
    await user.match(topic);
    const newest = async (): Promise<Statistics | undefined> =>
      (await user.ask<Statistics[]>({ op: 'take', topic })).at(-1);
    await camera.ask({ op: 'advertise', topic: TOPIC, type, reliable: false, depth: 5 });
    await camera.match(TOPIC);
    await camera.ask({ op: 'stream', topic: TOPIC, hz: Number(values.hz), message });
    let before: Statistics | undefined;
    await waitFor(async () => {
      before = (await newest()) ?? before;
      return (before?.received ?? 0) > 10;
    }, 'frames');
    const cpuBeforeNs = threadCpu(node.pid).allNs;
    await delay(1000 * Number(values.seconds));
    let after: Statistics | undefined;
    await waitFor(async () => {
      after = await newest();
      return after !== undefined;
    }, 'statistics');
    const cpuMs = (threadCpu(node.pid).allNs - cpuBeforeNs) / 1e6;
    const received = (after?.received ?? 0) - (before?.received ?? 0);
    const missing = (after?.missing ?? 0) - (before?.missing ?? 0);
    const superseded = (after?.superseded ?? 0) - (before?.superseded ?? 0);
    return { cpuMsPerFrame: cpuMs / received, received, missing, superseded };
  } finally {
    await camera.close();
    await user.close();
    await node.end();
  }
}

try {
  console.log(
    `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, load ${loadavg()[0]?.toFixed(2)}`,
  );
  const model = await writeColourModel(join(scratch, 'colours'));
  const rounds = new Map<string, Round[]>(WAYS.map(({ name }) => [name, []]));
  for (let index = 0; index < Number(values.rounds); index++)
    for (const way of WAYS) rounds.get(way.name)?.push(await round(way, model));
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
