import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { packagePath } from '../../../src/core/packageRoot.js';
import { writeColourModel } from '../../helpers/colourModel.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { NodeProcess } from '../../helpers/NodeProcess.js';
import { type Diagnostics, type Statistics, statusesOf } from '../../helpers/NodeUnderTest.js';
import { RosPeer, waitFor } from '../../helpers/RosPeer.js';
import { rosTestEnvironment } from '../../helpers/rosTestEnvironment.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';
import { TwoHosts } from '../../helpers/twoHosts.js';

const LEAST_SOCKET_BYTES = 4 * 2 ** 20;
const HZ = 10;
const STREAM_MS = 5000;

describe('ROS node: a camera on another host', function () {
  this.timeout(300_000);
  const scratch = scratchFolder();
  let env: NodeJS.ProcessEnv = {};
  let hosts: TwoHosts | undefined;
  let node: NodeProcess | undefined;
  const peers: RosPeer[] = [];

  before(async function () {
    env = { ...(await rosTestEnvironment(this)), ROS_AUTOMATIC_DISCOVERY_RANGE: 'SUBNET' };
    hosts = TwoHosts.make(this);
  });

  afterEach(async () => {
    await Promise.all(peers.splice(0).map((peer) => peer.close()));
    await node?.end();
    node = undefined;
  });

  after(() => hosts?.remove());

  /** Starts the node here, and a camera of 640x480 rgb8 there. */
  async function start(profile: string): Promise<{ user: RosPeer; camera: RosPeer }> {
    const [here, there] = hosts?.names ?? ['', ''];
    const profiles = { FASTRTPS_DEFAULT_PROFILES_FILE: profile, FASTDDS_DEFAULT_PROFILES_FILE: profile };
    const model = await writeColourModel(scratch.path('colours'));
    // What waits for a busy node is not lost.
    const deep = ['-p', 'queue_size:=100', '-p', 'qos_overrides./image.subscription.depth:=100'];
    node = new NodeProcess({ ...env, ...profiles }, ['-p', `model:=${model}`, ...deep], undefined, here);
    const user = await RosPeer.start({ ...env, ...profiles }, here);
    const camera = await RosPeer.start(env, there);
    peers.push(user, camera);
    assert.equal(await user.transition('/classifier', 'configure'), true, node.output);
    assert.equal(await user.transition('/classifier', 'activate'), true, node.output);
    for (const [topic, type] of [
      ['/classifier/statistics', 'effvit/msg/PipelineStatistics'],
      ['/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray'],
    ]) {
      await user.ask({ op: 'subscribe', topic, type });
    }
    await camera.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image', reliable: false });
    await camera.match('/image');
    // A match shows on one side first.
    await delay(1000);
    const message = imageMessage(0, 0, { widthPx: 640, heightPx: 480 });
    await camera.ask({ op: 'stream', topic: '/image', hz: HZ, message });
    return { user, camera };
  }

  it('loses next to nothing with our profile', async function () {
    const limit = Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'));
    if (limit < LEAST_SOCKET_BYTES) leaveOut(this, `sockets of 4 MiB: net.core.rmem_max is ${limit}`);
    const { user, camera } = await start(packagePath('config', 'fastdds.xml'));
    await delay(STREAM_MS);
    const sent = await camera.ask<number>({ op: 'unstream', topic: '/image' });
    let received = 0;
    await waitFor(async () => {
      const messages = await user.ask<Statistics[]>({ op: 'take', topic: '/classifier/statistics' });
      const before = received;
      received = messages.at(-1)?.received ?? received;
      // Nothing more comes.
      return messages.length > 0 && received > 0 && received === before;
    }, 'the last of the frames');
    // With small sockets next to none arrive; a machine that stands still for half a second loses some with large ones.
    assert.ok(received >= 0.8 * sent, `${received} of ${sent} frames`);
  });

  it('says that it is on another host, and what helps, where its images do not fit into the sockets', async () => {
    const profile = scratch.path('small.xml');
    const own = readFileSync(packagePath('config', 'fastdds.xml'), 'utf8');
    const small = own.replace(/(<receiveBufferSize>)\d+/, '$165536');
    assert.notEqual(small, own);
    writeFileSync(profile, small);
    const { user, camera } = await start(profile);
    let last: string | undefined;
    const expected =
      /(did not arrive|nearly nothing|though it is published).*the camera is on another host, and /;
    await waitFor(async () => {
      const arrays = await user.ask<Diagnostics[]>({ op: 'take', topic: '/diagnostics' });
      const statuses = statusesOf(arrays, 'camera /image');
      last = statuses.at(-1) ?? last;
      return statuses.some((status) => expected.test(status));
    }, 'the diagnosis').catch((error: unknown) => {
      throw new Error(`The last status was ${last}`, { cause: error });
    });
    await camera.ask({ op: 'unstream', topic: '/image' });
  });
});
