// CPU of the node for a result where more frames come than it can serve: taken out of the middleware when a worker is
// free (drop_policy oldest), against every frame when it comes (newest), in turns. The backend is SIMULATED, so that its
// time costs no CPU: what is left is ours and the middleware's. Run it by `npm run ros -- node build/test/bench/takes.bench.js`.
// Options: --hz 240,400  --seconds 6  --rounds 3  --encoding rgb8|nv12  --threads 2
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { imageMessage } from '../helpers/imageMessage.js';
import { removeDeadSharedMemory } from '../helpers/removeDeadSharedMemory.js';
import { median } from './median.js';
import { nodeCpu } from './ros/nodeCpu.js';

const { values } = parseArgs({
  options: {
    hz: { type: 'string', default: '240,400' },
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '3' },
    encoding: { type: 'string', default: 'rgb8' },
    threads: { type: 'string', default: '2' },
  },
});

const POLICIES = ['oldest', 'newest'] as const;
type Policy = (typeof POLICIES)[number];

interface Round {
  readonly cpuMsPerResult: number;
  readonly mainMsPerResult: number;
  readonly resultsPerSecond: number;
  readonly received: number;
  readonly superseded: number;
}

function message(): object {
  if (values.encoding !== 'nv12') return imageMessage(0, 1, { widthPx: 640, heightPx: 480 });
  const [widthPx, heightPx] = [960, 544];
  const data = new Uint8Array((widthPx * heightPx * 3) / 2).fill(90);
  return imageMessage(0, 1, { encoding: 'nv12', widthPx, heightPx, strideBytes: widthPx, data });
}

async function round(hz: number, policy: Policy): Promise<Round> {
  const parameters = {
    model: 'efficientvit_m5',
    backend: 'bpu_sim',
    threads: values.threads,
    drop_policy: policy,
  };
  const given = Object.entries(parameters).flatMap(([name, value]) => ['-p', `${name}:=${value}`]);
  const { cpu, published, received, superseded } = await nodeCpu({
    rosArguments: given,
    topic: '/image',
    type: 'sensor_msgs/msg/Image',
    message: message(),
    hz,
    seconds: Number(values.seconds),
  });
  return {
    cpuMsPerResult: cpu.allNs / 1e6 / published,
    mainMsPerResult: cpu.mainNs / 1e6 / published,
    resultsPerSecond: published / Number(values.seconds),
    received,
    superseded,
  };
}

try {
  console.log(
    `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, load ${loadavg()[0]?.toFixed(2)}`,
  );
  for (const hz of (values.hz ?? '').split(',').map(Number)) {
    const rounds = new Map<Policy, Round[]>(POLICIES.map((policy) => [policy, []]));
    for (let index = 0; index < Number(values.rounds); index++)
      for (const policy of POLICIES) rounds.get(policy)?.push(await round(hz, policy));
    console.log(
      `${values.encoding} at ${hz} Hz, SIMULATED BPU, ${values.threads} threads, medians of ${values.rounds} rounds`,
    );
    for (const [policy, all] of rounds) {
      const of = (key: keyof Round): number => median(all.map((one) => one[key]));
      console.log(
        `${policy.padEnd(7)} ${of('cpuMsPerResult').toFixed(2)} ms of CPU a result (main thread ${of('mainMsPerResult').toFixed(2)}), ${of('resultsPerSecond').toFixed(1)} results a second, received ${of('received')}, superseded ${of('superseded')}`,
      );
    }
  }
} finally {
  removeDeadSharedMemory(process.env);
}
