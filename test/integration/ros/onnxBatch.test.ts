import assert from 'node:assert/strict';
import { COLOURS } from '../../helpers/colourModel.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import { type Classification, NodeUnderTest } from '../../helpers/NodeUnderTest.js';
import { type RosPeer, waitFor } from '../../helpers/RosPeer.js';

const { NAME } = NodeUnderTest;
const CAMERAS = ['/front', '/left', '/rear'] as const;

interface Report {
  readonly batch_size: number;
}

describe('ROS node: frames that share a run of ONNX Runtime', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  it('are each answered once, with the scores that they have alone', async () => {
    const user = await rig.startActive(
      ...['-p', 'backend:=onnx', '-p', 'onnx_batch:=4', '-p', 'batch_wait_ms:=1000.0', '-p', 'threads:=1'],
      ...['-p', 'queue_size:=1000', '-p', 'max_age_ms:=0.0'],
      ...['-p', `image_topics:=[${CAMERAS.map((topic) => `"${topic}"`).join(',')}]`],
      ...CAMERAS.flatMap((topic) => [
        ...['-p', `qos_overrides.${topic}.subscription.reliability:=reliable`],
        ...['-p', `qos_overrides.${topic}.subscription.depth:=1000`],
      ]),
    );
    await user.ask({ op: 'subscribe', topic: `${NAME}/frames`, type: 'effvit/msg/FrameReport' });
    await user.match(`${NAME}/frames`);
    for (const topic of CAMERAS) {
      await user.ask({ op: 'advertise', topic, type: 'sensor_msgs/msg/Image', reliable: true });
      await user.match(topic);
    }
    const results: Classification[] = [];
    const reports: Report[] = [];
    let sent = 0;
    /** Publishes one frame of each camera. */
    const publishRound = async (): Promise<void> => {
      sent++;
      for (const [channel, topic] of CAMERAS.entries()) {
        const message = imageMessage(sent, channel, { frameId: topic });
        await user.ask({ op: 'publish', topic, message });
      }
    };
    const takeInto = async <T>(peer: RosPeer, topic: string, all: T[]): Promise<void> => {
      all.push(...(await peer.ask<T[]>({ op: 'take', topic })));
    };
    const answered = (): Promise<void> =>
      waitFor(async () => {
        await takeInto(user, '/classification', results);
        await takeInto(user, `${NAME}/frames`, reports);
        return results.length >= CAMERAS.length * sent && reports.length >= CAMERAS.length * sent;
      }, 'an answer to every frame');

    // However slow the machine is, some frames wait for others by then.
    await waitFor(async () => {
      await publishRound();
      await publishRound();
      await answered();
      return reports.some(({ batch_size: size }) => size > 1);
    }, 'a run of several frames');
    assert.ok(reports.every(({ batch_size: size }) => size >= 1 && size <= 4));

    const changed = reports.length;
    assert.equal((await user.setParameter(NAME, 'max_batch', 1)).successful, true);
    for (let round = 0; round < 4; round++) await publishRound();
    await answered();
    assert.ok(reports.slice(changed).every(({ batch_size: size }) => size === 1));

    const stamps = Array.from({ length: sent }, (_, index) => index + 1);
    for (const [channel, topic] of CAMERAS.entries()) {
      const own = results.filter(({ header }) => header.frame_id === topic);
      assert.deepEqual(
        own.map(({ header }) => header.stamp.nanosec),
        stamps,
        'each frame once, in its order',
      );
      const [first] = own;
      assert.equal(first?.results[0]?.class_id, COLOURS[channel]);
      // The last ones were computed alone, to the last bit the same.
      for (const { results: scores } of own) assert.deepEqual(scores, own.at(-1)?.results);
    }
  });
});
