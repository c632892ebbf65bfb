// The node under full load for a while: its memory has to stay flat and its counts exact.
//
//   npm run soak -- [--minutes 10] [--hz 200]
//
// Exit 1 where memory grows, or where the counts of one ~/statistics do not add up. Up to half an hour the last third
// may exceed the first by less than 3 % (medians); longer runs are judged from the tenth minute on, when heaps and
// caches have their size: the first tenth against the last, by less than 1 % an hour. Memory is the node's own: the resident set also has the pages of the middleware's
// segments, the camera's too, that were ever used, which a moment's halt makes more of, up to their 64 MiB each.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { packagePath } from '../../src/core/packageRoot.js';
import { writeColourModel } from '../helpers/colourModel.js';
import { imageMessage } from '../helpers/imageMessage.js';
import { NodeProcess } from '../helpers/NodeProcess.js';
import type { Statistics } from '../helpers/NodeUnderTest.js';
import { RosPeer } from '../helpers/RosPeer.js';
import { removeDeadSharedMemory } from '../helpers/removeDeadSharedMemory.js';
import { median } from './median.js';

const NODE = '/classifier';
const STATISTICS = `${NODE}/statistics`;
const SHORT_RUN_MIN = 30;
const SETTLED_MIN = 10;
const SHORT_GROWTH_LIMIT_PERCENT = 3;
const HOURLY_GROWTH_LIMIT_PERCENT = 1;
/** Heaps and caches grow to their size first. */
const WARM_UP_MS = 10_000;
const POLL_MS = 5000;
const POLLS_A_MINUTE = 60_000 / POLL_MS;

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, hz: { type: 'string', default: '200' } },
});

/** MiB of a process that are nobody else's, neither files nor shared memory. */
function ownMemoryMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}

function isBalanced({ received, published, dropped, in_flight }: Statistics): boolean {
  return received === published + dropped.reduce((sum, { count }) => sum + count, 0) + in_flight;
}

const profile = packagePath('config', 'fastdds.xml');
const env = {
  ...process.env,
  ROS_DOMAIN_ID: String(1 + (process.pid % 100)),
  ROS_AUTOMATIC_DISCOVERY_RANGE: 'LOCALHOST',
  FASTRTPS_DEFAULT_PROFILES_FILE: profile,
  FASTDDS_DEFAULT_PROFILES_FILE: profile,
};
const scratch = mkdtempSync(join(tmpdir(), 'effvit-soak-'));
const model = await writeColourModel(join(scratch, 'colours'));
const node = new NodeProcess(env, ['-p', `model:=${model}`]);
const [user, camera] = await Promise.all([RosPeer.start(env), RosPeer.start(env)]);
const all: Statistics[] = [];
const own: number[] = [];
try {
  for (const label of ['configure', 'activate'])
    if (!(await user.transition(NODE, label))) throw new Error(node.output);
  await user.ask({ op: 'subscribe', topic: STATISTICS, type: 'effvit/msg/PipelineStatistics' });
  await user.match(STATISTICS);
  await camera.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image', reliable: false });
  await camera.match('/image');
  const message = imageMessage(0, 1, { widthPx: 640, heightPx: 480 });
  await camera.ask({ op: 'stream', topic: '/image', hz: Number(options.hz), message });
  await delay(WARM_UP_MS);
  await user.ask({ op: 'take', topic: STATISTICS });
  const endMs = performance.now() + Number(options.minutes) * 60_000;
  while (performance.now() < endMs) {
    await delay(Math.min(POLL_MS, Math.max(0, endMs - performance.now())));
    all.push(...(await user.ask<Statistics[]>({ op: 'take', topic: STATISTICS })));
    own.push(ownMemoryMib(node.pid));
    if (own.length % (5 * POLLS_A_MINUTE) === 0) {
      const { received, memory_mib } = all.at(-1) ?? {};
      const ownMib = median(own.slice(-POLLS_A_MINUTE)).toFixed(2);
      console.log(
        `${own.length / POLLS_A_MINUTE} min: ${received} frames, ${ownMib} MiB, resident ${memory_mib?.toFixed(1)} MiB`,
      );
    }
  }
  await camera.ask({ op: 'unstream', topic: '/image' });
} finally {
  await Promise.all([user.close(), camera.close()]);
  const code = await node.end();
  if (code !== 0) {
    console.log(`the node left with ${code}: ${node.output}`);
    process.exitCode = 1;
  }
  rmSync(scratch, { recursive: true, force: true });
  removeDeadSharedMemory(env);
}
const minutes = Number(options.minutes);
const isShort = minutes <= SHORT_RUN_MIN;

/** Medians of the part that begins the judged span and of the one that ends it. */
function compared(values: readonly number[]): [first: number, last: number] {
  const judged = isShort ? values : values.slice(Math.floor((values.length * SETTLED_MIN) / minutes));
  const count = Math.max(1, Math.floor(judged.length / (isShort ? 3 : 10)));
  return [median(judged.slice(0, count)), median(judged.slice(-count))];
}

const [first, last] = compared(own);
const [firstResident, lastResident] = compared(all.map(({ memory_mib }) => memory_mib));
// Nine tenths of the judged span lie between the middles of its first and last tenth.
const hours = isShort ? 1 : (0.9 * (minutes - SETTLED_MIN)) / 60;
const growthPercent = (100 * (last / first - 1)) / hours;
const limitPercent = isShort ? SHORT_GROWTH_LIMIT_PERCENT : HOURLY_GROWTH_LIMIT_PERCENT;
const wrong = all.filter((statistics) => !isBalanced(statistics)).length;
const end = all.at(-1);
console.log(
  `${options.minutes} min at ${options.hz} Hz, 640x480: received ${end?.received}, published ${end?.published}; memory ${first.toFixed(2)} MiB in the first ${isShort ? 'third' : 'tenth from minute 10 on'}, ${last.toFixed(2)} MiB in the last (${growthPercent.toFixed(2)} %${isShort ? '' : ' an hour'}), resident with shared segments ${firstResident.toFixed(1)} and ${lastResident.toFixed(1)} MiB; ${wrong} of ${all.length} statistics do not add up`,
);
// Not a number where nothing came, which is a failure too.
if (!(growthPercent < limitPercent) || wrong > 0) process.exitCode = 1;
