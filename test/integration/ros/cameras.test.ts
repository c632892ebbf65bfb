import assert from 'node:assert/strict';
import { COLOURS } from '../../helpers/colourModel.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import {
  type Classification,
  NodeUnderTest,
  reliable,
  type Statistics,
} from '../../helpers/NodeUnderTest.js';
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
        ...reliable(topic),
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

  it('warns of cameras with one frame_id at the first frame of the second one', async () => {
    const cameras = ['/front/image_raw', '/rear/image_raw'];
    const topics = ['-p', `image_topics:=[${cameras.map((topic) => `"${topic}"`).join(',')}]`];
    const user = await rig.startActive(...topics, '-p', 'queue_size:=10', ...cameras.flatMap(reliable));
    for (const [channel, topic] of cameras.entries()) {
      await advertise(user, topic);
      const message = imageMessage(channel + 1, channel, { frameId: 'camera_optical' });
      await user.ask({ op: 'publish', topic, message });
      await user.ask({ op: 'publish', topic, message });
    }
    await rig.takeAll<Classification>(user, '/classification', 4);
    const warning =
      /\/front\/image_raw and \/rear\/image_raw both send the frame_id 'camera_optical'.*classification_per_camera/;
    await waitFor(async () => warning.test(rig.output), 'the warning');
    assert.equal(rig.output.match(/both send the frame_id/g)?.length, 1);
  });

  it('publishes the results of each camera on a topic of its own where asked', async () => {
    const cameras = ['/front/image_raw', 'rear/image_raw'];
    const user = await rig.start(
      ...['-p', `image_topics:=[${cameras.map((topic) => `"${topic}"`).join(',')}]`],
      ...['-p', 'classification_per_camera:=true', '-p', 'queue_size:=10'],
      ...['/front/image_raw', '/rear/image_raw'].flatMap(reliable),
    );
    await rig.activate(user);
    for (const [channel, name] of ['front/image_raw', 'rear/image_raw'].entries()) {
      const topic = `/classification/${name}`;
      await user.ask({ op: 'subscribe', topic, type: 'vision_msgs/msg/Classification' });
      await user.match(topic);
      await advertise(user, `/${name}`);
      const message = imageMessage(channel + 1, channel, { frameId: 'camera_optical' });
      await user.ask({ op: 'publish', topic: `/${name}`, message });
      const [result] = await rig.takeAll<Classification>(user, topic, 1);
      assert.equal(result?.results[0]?.class_id, COLOURS[channel]);
      assert.equal(result?.header.stamp.nanosec, channel + 1);
    }
    assert.doesNotMatch(rig.output, /both send the frame_id/);
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
      await camera.ask({
        op: 'stream',
        topic: '/image',
        hz: 30,
        now: true,
        message: imageMessage(0, channel),
      });
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

  it('counts a stream of malformed images by cause while the other camera is served', async () => {
    const GOOD = '/good/image_raw';
    const BAD = '/bad/image_raw';
    const user = await rig.startActive(
      ...['-p', `image_topics:=["${GOOD}","${BAD}"]`, '-p', 'queue_size:=1000'],
      ...[GOOD, BAD].flatMap((topic) => [
        ...reliable(topic),
        ...['-p', `qos_overrides.${topic}.subscription.depth:=1000`],
      ]),
    );
    const { NAME } = NodeUnderTest;
    await user.ask(DIAGNOSTICS);
    await user.ask({ op: 'subscribe', topic: `${NAME}/frames`, type: 'effvit/msg/FrameReport' });
    await user.ask({ op: 'subscribe', topic: `${NAME}/statistics`, type: 'effvit/msg/PipelineStatistics' });
    for (const topic of [`${NAME}/frames`, `${NAME}/statistics`]) await user.match(topic);
    await advertise(user, GOOD);
    await advertise(user, BAD);
    await user.ask({ op: 'stream', topic: GOOD, hz: 30, message: imageMessage(0, 1) });
    const malformed: readonly (readonly [object, RegExp])[] = [
      [imageMessage(0, 0, { strideBytes: 10 }), /step|stride/i],
      [imageMessage(0, 0, { data: new Uint8Array(5) }), /bytes|data/i],
      [imageMessage(0, 0, { encoding: 'rgb12' }), /rgb12/],
      [imageMessage(0, 0, { widthPx: 0, heightPx: 0, strideBytes: 0 }), /0/],
    ];
    let bad = 0;
    for (const [message, reason] of malformed) {
      await user.ask({ op: 'stream', topic: BAD, hz: 100, message });
      const reasons: string[] = [];
      await waitFor(async () => {
        const reports = await user.ask<{ drop_cause: string; drop_reason: string; source: string }[]>({
          op: 'take',
          topic: `${NAME}/frames`,
        });
        for (const { source, drop_cause, drop_reason } of reports) {
          assert.equal(drop_cause, source === BAD ? 'bad_image' : '');
          if (source === BAD) reasons.push(drop_reason);
        }
        return reasons.some((text) => reason.test(text));
      }, `a report of ${reason}`);
      bad += await user.ask<number>({ op: 'unstream', topic: BAD });
    }
    await rig.diagnosed(user, `camera ${BAD}`, /^ERROR|^WARN/);
    const good = await user.ask<number>({ op: 'unstream', topic: GOOD });
    const results = await rig.takeAll<Classification>(user, '/classification', good);
    assert.deepEqual(
      results.map(({ header }) => header.stamp.nanosec),
      Array.from({ length: good }, (_, index) => index + 1),
    );
    await waitFor(async () => {
      const [last] = (await user.ask<Statistics[]>({ op: 'take', topic: `${NAME}/statistics` })).slice(-1);
      const count = last?.dropped.find(({ cause }) => cause === 'bad_image')?.count;
      return last?.published === good && count === bad && last.received === good + bad;
    }, `${good} good and ${bad} bad frames in the statistics`);
  });

  it('counts messages that did not arrive, or not as images, and classifies the next one', async () => {
    // In a deep reader nothing is replaced, however busy the machine is.
    const user = await rig.startActive(
      ...reliable(),
      ...['-p', 'qos_overrides./image.subscription.depth:=1000'],
    );
    const statistics = `${NodeUnderTest.NAME}/statistics`;
    await user.ask({ op: 'subscribe', topic: statistics, type: 'effvit/msg/PipelineStatistics' });
    await user.ask(DIAGNOSTICS);
    await advertise(user, '/image');
    const publish = async (nanosec: number): Promise<void> => {
      await user.ask({ op: 'publish', topic: '/image', message: imageMessage(nanosec, 0) });
      const [result] = await rig.takeAll<Classification>(user, '/classification', 1);
      assert.equal(result?.header.stamp.nanosec, nanosec);
    };
    await publish(1);
    // Plain CDR; a frame_id that is longer than the message; a sequence that is.
    const unreadable = [
      [0, 1, 0, 0],
      [0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 127, 0],
      [0, 1, 0, 0, ...new Array<number>(32).fill(0), 255, 255, 255, 127],
    ];
    for (const bytes of unreadable) {
      await user.ask({
        op: 'publish_cdr',
        topic: '/image',
        base64: Buffer.from(bytes).toString('base64'),
      });
    }
    await publish(2);
    await waitFor(async () => {
      const newest = (await user.ask<Statistics[]>({ op: 'take', topic: statistics })).at(-1);
      return newest?.missing === unreadable.length && newest.received === 2;
    }, 'the missing ones in the statistics');
    // The first frame may be older than the five seconds that it tells of.
    await rig.diagnosed(user, 'camera /image', /^WARN (60|75) % of the camera's frames did not arrive/);
  });

  it('says where a camera sends another type than is listened to', async () => {
    const user = await rig.start('-p', 'image_transport:=raw');
    await rig.activate(user);
    await user.ask(DIAGNOSTICS);
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/CompressedImage' });
    const type = /sensor_msgs\/msg\/CompressedImage of \/test_peer/;
    await rig.diagnosed(user, 'camera /image', new RegExp(`^ERROR ${type.source}`));
    assert.match(rig.output, new RegExp(`publisher of /image is not heard.*${type.source}`));
  });

  it('fails cleanly on a QoS override that is none, and works once it is corrected', async () => {
    const wrong = ['/classification.publisher', '/b.subscription'];
    const user = await rig.start(
      ...['-p', 'image_topics:=["/a","/b"]'],
      ...wrong.flatMap((endpoint) => ['-p', `qos_overrides.${endpoint}.reliability:=relaible`]),
    );
    assert.equal(await user.transition(NodeUnderTest.NAME, 'configure'), false);
    assert.match(rig.output, /\/classification cannot be set up .*qos_overrides\.\/classification\./);
    assert.equal(await user.lifecycleState(NodeUnderTest.NAME), 'unconfigured');
    assert.equal(await rig.node.end(), 0, rig.output);

    await rig.startNode(
      ...['-p', 'image_topics:=["/a","/b"]', '-p', `qos_overrides.${wrong[1]}.reliability:=relaible`],
    );
    await user.nodeIsThere(NodeUnderTest.NAME);
    assert.equal(await user.transition(NodeUnderTest.NAME, 'configure'), true, rig.output);
    assert.equal(await user.transition(NodeUnderTest.NAME, 'activate'), false);
    assert.match(rig.output, /\/b cannot be set up .*qos_overrides\.\/b\./);
    assert.equal(await user.lifecycleState(NodeUnderTest.NAME), 'inactive');
    // The camera that could be subscribed to is not listened to either.
    await user.ask({ op: 'advertise', topic: '/a', type: IMAGE });
    assert.equal(await user.ask<number>({ op: 'matched', topic: '/a' }), 0);
    assert.equal(await rig.node.end(), 0, rig.output);
  });
});
