import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { imageMessage } from '../../helpers/imageMessage.js';
import { NodeUnderTest, type Statistics } from '../../helpers/NodeUnderTest.js';
import { type ParameterScalar, type RosPeer, waitFor } from '../../helpers/RosPeer.js';

const IMAGE = 'sensor_msgs/msg/Image';
const COMPRESSED = 'sensor_msgs/msg/CompressedImage';
const STATISTICS = `${NodeUnderTest.NAME}/statistics`;
/** 5.72 ms a frame, whatever the machine does meanwhile: some 157 frames a second. */
const SLOW = ['-p', 'model:=efficientvit_m5', '-p', 'backend:=bpu_sim', '-p', 'threads:=1'];
const HZ = 250;
/** A change takes a while: frames flow between. */
const PAUSE_MS = 700;
/** Statistics, a second apart, until a frame counts as lost. */
const LOOKS = 6;

describe('ROS node: frames are taken when a worker is free', function () {
  this.timeout(600_000);
  const rig = new NodeUnderTest();

  async function start(...rosArguments: readonly string[]): Promise<RosPeer> {
    const user = await rig.startActive(...SLOW, ...rosArguments);
    await user.ask({ op: 'subscribe', topic: STATISTICS, type: 'effvit/msg/PipelineStatistics' });
    await user.match(STATISTICS);
    return user;
  }

  async function startCamera(topic: string, type = IMAGE): Promise<RosPeer> {
    const camera = await rig.startPeer();
    await camera.ask({ op: 'advertise', topic, type, reliable: false });
    await camera.match(topic);
    return camera;
  }

  /** Sends alone until a frame of the camera arrives: a first one begins its count, a last one ends it. */
  async function sendOne(user: RosPeer, topic: string, camera: RosPeer, message: object): Promise<number> {
    let sent = 0;
    const { received } = await newest(user);
    await waitFor(async () => {
      sent += 1;
      await camera.ask({ op: 'publish', topic, message });
      // Only one that is lost is followed by another: nobody would know of a loss after the one that arrived.
      for (let look = 0; look < LOOKS; look++) {
        if ((await newest(user)).received > received) return true;
      }
      return false;
    }, 'a frame of the camera');
    return sent;
  }

  /** @returns frames sent, most of them meanwhile and at a rate that the node cannot follow. */
  async function stream(
    user: RosPeer,
    topic: string,
    cameras: readonly RosPeer[],
    message: object,
    meanwhile: () => Promise<void>,
  ): Promise<number> {
    for (const camera of cameras) await sendOne(user, topic, camera, message);
    // Of those before a camera's first frame that arrives nobody can tell.
    const begun = await atRest(user);
    let sent = begun.received + begun.missing + begun.superseded;
    for (const camera of cameras) await camera.ask({ op: 'stream', topic, hz: HZ, message });
    await meanwhile();
    for (const camera of cameras) sent += await camera.ask<number>({ op: 'unstream', topic });
    await atRest(user);
    for (const camera of cameras) sent += await sendOne(user, topic, camera, message);
    return sent;
  }

  async function newest(user: RosPeer): Promise<Statistics> {
    let last: Statistics | undefined;
    await waitFor(async () => {
      last = (await user.ask<Statistics[]>({ op: 'take', topic: STATISTICS })).at(-1);
      return last !== undefined;
    }, 'statistics');
    assert.ok(last !== undefined);
    return last;
  }

  /** Statistics when nothing comes any more: three alike, a second apart each. */
  async function atRest(user: RosPeer): Promise<Statistics> {
    const all: Statistics[] = [];
    await waitFor(async () => {
      all.push(await newest(user));
      const [first, , third] = all.slice(-3);
      return third?.in_flight === 0 && third.received === first?.received;
    }, 'a pipeline at rest');
    return all.at(-1) as Statistics;
  }

  /** Waits until published + dropped + superseded + missing = sent. */
  async function accounted(user: RosPeer, sent: number): Promise<Statistics> {
    let last = await newest(user);
    await waitFor(async () => {
      last = await newest(user);
      const dropped = last.dropped.reduce((sum, { count }) => sum + count, 0);
      return last.published + dropped + last.superseded + last.missing === sent;
    }, `${sent} frames accounted for`).catch((error: unknown) => {
      throw new Error(`The last statistics were ${JSON.stringify(last)}`, { cause: error });
    });
    assert.equal(last.in_flight, 0);
    return last;
  }

  it('accounts for every frame of two cameras on one topic while threads, queue and policy change', async () => {
    const user = await start();
    const cameras = [await startCamera('/image'), await startCamera('/image')];
    const changes: readonly (readonly [string, ParameterScalar])[] = [
      ['queue_size', 6],
      ['threads', 3],
      ['drop_policy', 'newest'],
      ['queue_size', 2],
      ['threads', 1],
      ['drop_policy', 'oldest'],
      ['queue_size', 0],
    ];
    const sent = await stream(user, '/image', cameras, imageMessage(1, 1), async () => {
      for (const [name, value] of changes) {
        await delay(PAUSE_MS);
        const { successful, reason } = await user.setParameter(NodeUnderTest.NAME, name, value);
        assert.ok(successful, reason);
      }
      await delay(PAUSE_MS);
    });
    const total = await accounted(user, sent);
    assert.ok(total.superseded > 0 && total.published > 0, JSON.stringify(total));
  });

  it('leaves what cannot be served in the middleware, compressed images too, and serves at its full rate', async () => {
    const user = await start('-p', 'image_transport:=compressed');
    const camera = await startCamera('/image/compressed', COMPRESSED);
    const { default: sharp } = await import('sharp');
    const background = { r: 40, g: 200, b: 40 };
    const data = await sharp({ create: { width: 64, height: 48, channels: 3, background } })
      .jpeg()
      .toBuffer();
    const header = { stamp: { sec: 7, nanosec: 0 }, frame_id: 'optical' };
    const message = { header, format: 'jpeg', data: { base64: data.toString('base64') } };
    const topic = '/image/compressed';
    const sent = await stream(user, topic, [camera], message, () => delay(3000));
    const total = await accounted(user, sent);
    assert.ok(total.superseded > 0, JSON.stringify(total));
    assert.ok(
      total.dropped.every(({ count }) => count === 0),
      JSON.stringify(total),
    );
  });
});
