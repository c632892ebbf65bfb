import assert from 'node:assert/strict';
import { NodeProcess } from '../../helpers/NodeProcess.js';
import type { Diagnostics } from '../../helpers/NodeUnderTest.js';
import { RosPeer, waitFor } from '../../helpers/RosPeer.js';
import { rosTestEnvironment } from '../../helpers/rosTestEnvironment.js';

const DIAGNOSTICS = '/diagnostics';

describe('ROS node: several robots in one graph', function () {
  this.timeout(300_000);
  let env: NodeJS.ProcessEnv = {};
  const nodes: NodeProcess[] = [];
  let viewer: RosPeer | undefined;

  before(async function () {
    env = await rosTestEnvironment(this);
  });

  after(async () => {
    await viewer?.close();
    await Promise.all(nodes.map((node) => node.end()));
  });

  /** Of the entries' names, what stands before the task. */
  async function heardNodes(user: RosPeer): Promise<string[]> {
    const arrays = await user.ask<Diagnostics[]>({ op: 'take', topic: DIAGNOSTICS });
    return arrays.flatMap(({ status }) => status.map(({ name }) => name.replace(/: .*$/, '')));
  }

  it('has entries on /diagnostics that tell the robots apart, and the bare name alone without a namespace', async () => {
    const period = ['-p', 'diagnostic_updater.period:=0.2'];
    for (const args of [['-r', '__ns:=/robot1'], ['-r', '__ns:=/robot2'], []]) {
      nodes.push(new NodeProcess(env, [...args, ...period]));
    }
    const user = await RosPeer.start(env);
    viewer = user;
    await user.ask({ op: 'subscribe', topic: DIAGNOSTICS, type: 'diagnostic_msgs/msg/DiagnosticArray' });
    const heard = new Set<string>();
    await waitFor(async () => {
      for (const name of await heardNodes(user)) heard.add(name);
      return heard.size >= 3;
    }, 'three nodes');
    assert.deepEqual([...heard].sort(), ['/robot1/classifier', '/robot2/classifier', 'classifier']);

    assert.equal(
      (await user.setParameter('/classifier', 'diagnostic_updater.use_fqn', true)).successful,
      true,
    );
    await waitFor(async () => (await heardNodes(user)).includes('/classifier'), 'the full name');
  });
});
