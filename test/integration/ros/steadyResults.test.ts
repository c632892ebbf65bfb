import assert from 'node:assert/strict';
import { imageMessage } from '../../helpers/imageMessage.js';
import { type Classification, NodeUnderTest, reliable } from '../../helpers/NodeUnderTest.js';
import type { RosPeer } from '../../helpers/RosPeer.js';

const { NAME } = NodeUnderTest;
const CLASSIFICATION = 'vision_msgs/msg/Classification';

interface FrameReport {
  readonly results: { label: string; score: number }[];
  readonly smoothed_results: { label: string; score: number }[];
}

describe('ROS node: steady results', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  /** One image after the other, 100 ms apart by their stamps. */
  async function publish(user: RosPeer, channels: readonly number[], sec = 7): Promise<void> {
    for (const [index, channel] of channels.entries()) {
      const message = imageMessage(index * 1e8, channel, { sec });
      await user.ask({ op: 'publish', topic: '/image', message });
      // The next one only when this one is through: the queue holds one.
      await rig.takeAll<FrameReport>(user, `${NAME}/frames`, 1).then((reports) => seen.push(...reports));
    }
  }
  const seen: FrameReport[] = [];

  it('has raw and smoothed results beside each other, and the smoothed ones in their place where asked', async () => {
    seen.length = 0;
    const smoothing = ['-p', 'smoothing:=majority', '-p', 'smoothing_time_ms:=1000.0'];
    const user = await rig.startActive(...smoothing, ...reliable());
    await user.ask({ op: 'subscribe', topic: `${NAME}/frames`, type: 'effvit/msg/FrameReport' });
    await user.ask({ op: 'subscribe', topic: '/classification_smoothed', type: CLASSIFICATION });
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    for (const topic of [`${NAME}/frames`, '/classification_smoothed', '/image']) await user.match(topic);
    await publish(user, [0, 0, 1, 0]);
    const bestOf = (results: readonly Classification[]) =>
      results.map(({ results: [best] }) => best?.class_id);
    const raw = await rig.takeAll<Classification>(user, '/classification', 4);
    const smoothed = await rig.takeAll<Classification>(user, '/classification_smoothed', 4);
    assert.deepEqual(bestOf(raw), ['red', 'red', 'green', 'red']);
    assert.deepEqual(bestOf(smoothed), ['red', 'red', 'red', 'red']);
    assert.deepEqual(
      smoothed.map(({ header }) => header),
      raw.map(({ header }) => header),
    );
    const [, , third] = seen;
    assert.equal(third?.results[0]?.label, 'green');
    assert.equal(third?.smoothed_results[0]?.label, 'red');
    assert.ok(Math.abs((third?.smoothed_results[0]?.score ?? 0) - 2 / 3) < 1e-9);

    assert.equal((await user.setParameter(NAME, 'classification_results', 'smoothed')).successful, true);
    // The stamps go back: it begins anew.
    await publish(user, [2, 1], 3);
    const wanted = await rig.takeAll<Classification>(user, '/classification', 2);
    assert.deepEqual(bestOf(wanted), ['blue', 'blue']);
  });

  it('begins to smooth when the parameter changes, without a restart', async () => {
    seen.length = 0;
    const user = await rig.startActive(...reliable());
    await user.ask({ op: 'subscribe', topic: `${NAME}/frames`, type: 'effvit/msg/FrameReport' });
    await user.ask({ op: 'subscribe', topic: '/classification_smoothed', type: CLASSIFICATION });
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    for (const topic of [`${NAME}/frames`, '/image']) await user.match(topic);
    await publish(user, [0]);
    assert.deepEqual(seen[0]?.smoothed_results, []);
    const refused = await user.setParameter(NAME, 'smoothing', 'kalman');
    assert.equal(refused.successful, false);
    assert.match(refused.reason, /none, exponential, majority, hysteresis/);
    assert.equal((await user.setParameter(NAME, 'smoothing', 'exponential')).successful, true);
    await user.match('/classification_smoothed');
    await publish(user, [1]);
    const [first] = await rig.takeAll<Classification>(user, '/classification_smoothed', 1);
    assert.equal(first?.results[0]?.class_id, 'green');
  });
});
