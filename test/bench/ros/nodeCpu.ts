import { setTimeout as delay } from 'node:timers/promises';
import { packagePath } from '../../../src/core/packageRoot.js';
import { NodeProcess } from '../../helpers/NodeProcess.js';
import type { Statistics } from '../../helpers/NodeUnderTest.js';
import { RosPeer, waitFor } from '../../helpers/RosPeer.js';
import { cpuBetween, type ThreadCpu, threadCpu } from './threadCpu.js';

export interface NodeCpuRun {
  readonly env?: NodeJS.ProcessEnv;
  /** What the node is started with after `--ros-args`. */
  readonly rosArguments: readonly string[];
  readonly topic: string;
  readonly type: string;
  readonly message: object;
  readonly hz: number;
  readonly seconds: number;
}

export interface NodeCpu {
  readonly cpu: ThreadCpu;
  readonly cpuMsPerFrame: number;
  readonly received: number;
  readonly published: number;
  readonly missing: number;
  readonly superseded: number;
}

const NODE = '/classifier';
const STATISTICS = `${NODE}/statistics`;

/** CPU time of a node of its own for each frame that it receives of a camera in another process. */
export async function nodeCpu(run: NodeCpuRun): Promise<NodeCpu> {
  const { rosArguments, topic, type, message, hz, seconds } = run;
  const profile = packagePath('config', 'fastdds.xml');
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ROS_DOMAIN_ID: String(1 + (process.pid % 100)),
    ROS_AUTOMATIC_DISCOVERY_RANGE: 'LOCALHOST',
    FASTRTPS_DEFAULT_PROFILES_FILE: profile,
    FASTDDS_DEFAULT_PROFILES_FILE: profile,
    ...run.env,
  };
  const node = new NodeProcess(env, [...rosArguments]);
  const camera = await RosPeer.start(env);
  const user = await RosPeer.start(env);
  try {
    for (const label of ['configure', 'activate'])
      if (!(await user.transition(NODE, label))) throw new Error(node.output);
    await user.ask({ op: 'subscribe', topic: STATISTICS, type: 'effvit/msg/PipelineStatistics' });
    await user.match(STATISTICS);
    const newest = async (isEnough: (one: Statistics) => boolean): Promise<Statistics> => {
      let last: Statistics | undefined;
      await waitFor(async () => {
        last = (await user.ask<Statistics[]>({ op: 'take', topic: STATISTICS })).at(-1) ?? last;
        return last !== undefined && isEnough(last);
      }, 'frames');
      if (last === undefined) throw new Error('no statistics');
      return last;
    };
    await camera.ask({ op: 'advertise', topic, type, reliable: false, depth: 5 });
    await camera.match(topic);
    await camera.ask({ op: 'stream', topic, hz, message });
    const before = await newest(({ received }) => received > 10);
    const cpuBefore = threadCpu(node.pid);
    await delay(1000 * seconds);
    await user.ask({ op: 'take', topic: STATISTICS });
    const after = await newest(() => true);
    const cpu = cpuBetween(cpuBefore, threadCpu(node.pid));
    const since = (name: 'received' | 'published' | 'missing' | 'superseded'): number =>
      after[name] - before[name];
    return {
      cpu,
      cpuMsPerFrame: cpu.allNs / 1e6 / since('received'),
      received: since('received'),
      published: since('published'),
      missing: since('missing'),
      superseded: since('superseded'),
    };
  } finally {
    await camera.close();
    await user.close();
    await node.end();
  }
}
