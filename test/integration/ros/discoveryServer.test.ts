import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { writeColourModel } from '../../helpers/colourModel.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { NodeProcess } from '../../helpers/NodeProcess.js';
import type { Classification, Diagnostics } from '../../helpers/NodeUnderTest.js';
import { RosPeer, waitFor } from '../../helpers/RosPeer.js';
import { rosTestEnvironment } from '../../helpers/rosTestEnvironment.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';
import { commandOn, TwoHosts } from '../../helpers/twoHosts.js';

const SERVER_ADDRESS = '10.213.7.1';
const SERVER_PORT = '11811';
const DIAGNOSTICS = '/diagnostics';

describe('ROS node: robots on two hosts and one discovery server', function () {
  this.timeout(300_000);
  const scratch = scratchFolder();
  let env: NodeJS.ProcessEnv = {};
  let hosts: TwoHosts | undefined;
  let server: ChildProcess | undefined;
  const nodes: NodeProcess[] = [];
  const peers: RosPeer[] = [];

  before(async function () {
    const ros = await rosTestEnvironment(this);
    const folders = (ros['PATH'] ?? '').split(delimiter);
    const program = folders
      .map((folder) => join(folder, 'fast-discovery-server'))
      .find((path) => existsSync(path));
    if (program === undefined) leaveOut(this, 'fast-discovery-server of Fast DDS is not on PATH');
    hosts = TwoHosts.make(this);
    // Nobody finds anybody by multicast.
    for (const name of hosts.names) spawnSync('ip', ['-n', name, 'route', 'del', '224.0.0.0/4']);
    const line = commandOn(hosts.names[0], [program, '-i', '0', '-l', SERVER_ADDRESS, '-p', SERVER_PORT]);
    const [command, ...args] = line;
    server = spawn(command, args, { env: ros, stdio: 'ignore' });
    env = {
      ...ros,
      ROS_AUTOMATIC_DISCOVERY_RANGE: 'SUBNET',
      ROS_DISCOVERY_SERVER: `${SERVER_ADDRESS}:${SERVER_PORT}`,
    };
  });

  after(async () => {
    await Promise.all(peers.map((peer) => peer.close()));
    await Promise.all(nodes.map((node) => node.end()));
    if (server !== undefined && server.exitCode === null) {
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
    }
    hosts?.remove();
  });

  it('shows both in one place: statistics, diagnostics and results under their namespaces', async () => {
    const [here = '', there = ''] = hosts?.names ?? [];
    const model = await writeColourModel(scratch.path('colours'));
    for (const [index, host] of [here, there].entries()) {
      const parameters = [
        '-r',
        `__ns:=/robot${index + 1}`,
        '-p',
        `model:=${model}`,
        '-p',
        'image_transport:=raw',
      ];
      nodes.push(new NodeProcess(env, parameters, undefined, host));
    }
    const viewer = await RosPeer.start(env, here);
    const camera = await RosPeer.start(env, there);
    peers.push(viewer, camera);
    for (const name of ['/robot1/classifier', '/robot2/classifier']) {
      for (const label of ['configure', 'activate']) {
        assert.equal(
          await viewer.transition(name, label),
          true,
          nodes.map(({ output }) => output).join('\n'),
        );
      }
      await viewer.ask({
        op: 'subscribe',
        topic: `${name}/statistics`,
        type: 'effvit/msg/PipelineStatistics',
      });
    }
    await viewer.ask({ op: 'subscribe', topic: DIAGNOSTICS, type: 'diagnostic_msgs/msg/DiagnosticArray' });
    await viewer.ask({
      op: 'subscribe',
      topic: '/robot2/classification',
      type: 'vision_msgs/msg/Classification',
    });
    await viewer.match('/robot2/classification');
    await camera.ask({ op: 'advertise', topic: '/robot2/image', type: 'sensor_msgs/msg/Image' });
    await camera.match('/robot2/image');
    await camera.ask({ op: 'stream', topic: '/robot2/image', hz: 10, message: imageMessage(0, 2) });
    const results: Classification[] = [];
    const heard = new Set<string>();
    await waitFor(async () => {
      results.push(...(await viewer.ask<Classification[]>({ op: 'take', topic: '/robot2/classification' })));
      for (const name of ['/robot1/classifier', '/robot2/classifier']) {
        const messages = await viewer.ask<unknown[]>({ op: 'take', topic: `${name}/statistics` });
        if (messages.length > 0) heard.add(name);
      }
      const arrays = await viewer.ask<Diagnostics[]>({ op: 'take', topic: DIAGNOSTICS });
      if (arrays.some(({ status }) => status.length > 0)) heard.add(DIAGNOSTICS);
      return results.length > 0 && heard.size === 3;
    }, 'both robots').catch((error: unknown) => {
      throw new Error(`Heard of ${[...heard].join(', ')}, ${results.length} results`, { cause: error });
    });
    assert.equal(results[0]?.results.length, 3);
    await camera.ask({ op: 'unstream', topic: '/robot2/image' });
  });
});
