import assert from 'node:assert/strict';
import { COLOURS } from '../../helpers/colourModel.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import { type Classification, NodeUnderTest } from '../../helpers/NodeUnderTest.js';
import { type RosPeer, waitFor } from '../../helpers/RosPeer.js';

const IMAGE = 'sensor_msgs/msg/Image';
const DIAGNOSTICS = {
  op: 'subscribe',
  topic: '/diagnostics',
  type: 'diagnostic_msgs/msg/DiagnosticArray',
} as const;

describe('ROS node: cameras', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  async function advertise(peer: RosPeer, topic: string, reliable = true): Promise<void> {
    await peer.ask({ op: 'advertise', topic, type: IMAGE, reliable });
    await peer.match(topic);
  }

  it('serves three cameras and keeps the order of each', async () => {
    const FRAMES = 20;
    const cameras = ['/front/image_raw', '/left/image_raw', '/right/image_raw'];
    const user = await rig.startActive(
      ...['-p', `image_topics:=[${cameras.map((topic) => `"${topic}"`).join(',')}]`],
      ...['-p', 'queue_size:=1000', '-p', 'threads:=3'],
      ...cameras.flatMap((topic) => [
        ...['-p', `qos_overrides.${topic}.subscription.reliability:=reliable`],
        ...['-p', `qos_overrides.${topic}.subscription.depth:=100`],
      ]),
    );
    for (const topic of cameras) await advertise(user, topic);
    for (let nanosec = 1; nanosec <= FRAMES; nanosec++) {
      for (const [channel, topic] of cameras.entries()) {
        const message = imageMessage(nanosec, channel, { frameId: topic });
        await user.ask({ op: 'publish', topic, message });
      }
    }
    const results = await rig.takeAll<Classification>(user, '/classification', 3 * FRAMES);
    const expected = Array.from({ length: FRAMES }, (_, index) => index + 1);
    for (const [channel, topic] of cameras.entries()) {
      const own = results.filter(({ header }) => header.frame_id === topic);
      assert.deepEqual(
        own.map(({ header }) => header.stamp.nanosec),
        expected,
      );
      assert.ok(own.every(({ results: [best] }) => best?.class_id === COLOURS[channel]));
    }
  });

  it('reports publishers and subscribers whose QoS does not fit, in the log and in the diagnostics', async () => {
    const user = await rig.start('-p', 'qos_overrides./image.subscription.reliability:=reliable');
    await rig.activate(user);
    await user.ask(DIAGNOSTICS);
    await user.ask({ op: 'advertise', topic: '/image', type: IMAGE, reliable: false });
    await rig.diagnosed(user, 'camera /image', /^ERROR .*incompatible QoS.*reliability/);
    assert.match(rig.output, /publisher of \/image offers a QoS that does not fit/);
    const latched = { op: 'subscribe', latched: true, type: 'vision_msgs/msg/Classification' };
    await user.ask({ ...latched, topic: '/classification' });
    await waitFor(
      async () => /subscriber of \/classification asks for a QoS.*durability of \/test_peer/.test(rig.output),
      'the subscriber in the log',
    );
  });

  it('goes STALE when the camera is killed, and on when it is there again', async () => {
    const user = await rig.startActive('-p', 'diagnostics.stale_after_ms:=500.0');
    await user.ask(DIAGNOSTICS);
    for (const channel of [0, 1]) {
      const camera = await rig.startPeer();
      await advertise(camera, '/image', false);
      await camera.ask({ op: 'stream', topic: '/image', hz: 30, message: imageMessage(0, channel) });
      await waitFor(async () => {
        const results = await user.ask<Classification[]>({ op: 'take', topic: '/classification' });
        return results.some(({ results: [best] }) => best?.class_id === COLOURS[channel]);
      }, `results of camera ${channel}`);
      await rig.diagnosed(user, 'camera /image', /^OK .*frames a second/);
      await camera.kill();
      await rig.diagnosed(user, 'camera /image', /^STALE no (frame|publisher)/);
    }
  });

  it('classifies on after the node was killed and started again', async () => {
    const user = await rig.startActive();
    await advertise(user, '/image', false);
    await user.ask({ op: 'stream', topic: '/image', hz: 20, message: imageMessage(0, 2) });
    await rig.takeAll<Classification>(user, '/classification', 3);
    await rig.node.kill();
    await rig.startNode();
    await user.nodeIsThere(NodeUnderTest.NAME);
    await user.ask({ op: 'take', topic: '/classification' });
    await rig.activate(user);
    const [result] = await rig.takeAll<Classification>(user, '/classification', 3);
    assert.equal(result?.results[0]?.class_id, 'blue');
  });
});
