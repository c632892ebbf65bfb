import assert from 'node:assert/strict';
import { loadSharp } from '../../../src/image/loadSharp.js';
import { COLOURS } from '../../helpers/colourModel.js';
import { base64, imageMessage } from '../../helpers/imageMessage.js';
import {
  type Classification,
  NodeUnderTest,
  reliable,
  type Statistics,
} from '../../helpers/NodeUnderTest.js';
import { type RosPeer, waitFor } from '../../helpers/RosPeer.js';

const IMAGE = 'sensor_msgs/msg/Image';

interface Classified {
  readonly success: boolean;
  readonly message: string;
  readonly classification: Classification;
  readonly report: {
    readonly source: string;
    readonly drop_cause: string;
    readonly drop_reason: string;
    readonly results: readonly { label: string; class_index: number }[];
    readonly width_px: number;
    readonly height_px: number;
    readonly total_ns: number;
    readonly inference_ns: number;
  };
}

interface Answer {
  readonly success: boolean;
  readonly message: string;
}

const enable = (peer: RosPeer, data: boolean): Promise<Answer> =>
  peer.ask<Answer>({
    op: 'call',
    service: '/classifier/enable',
    type: 'std_srvs/srv/SetBool',
    request: { data },
  });

const classify = (peer: RosPeer, request: object): Promise<Classified> =>
  peer.ask<Classified>({
    op: 'call',
    service: '/classifier/classify',
    type: 'effvit/srv/Classify',
    request,
  });

describe('ROS node: services', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  async function newest(user: RosPeer): Promise<Statistics> {
    await user.ask({ op: 'take', topic: '/classifier/statistics' });
    // One that was made after this moment: the second of two.
    return (await rig.takeAll<Statistics>(user, '/classifier/statistics', 2)).at(-1) as Statistics;
  }

  async function startWithCamera(...rosArguments: string[]): Promise<RosPeer> {
    const user = await rig.startActive(...rosArguments);
    for (const [topic, type] of [
      ['/classifier/statistics', 'effvit/msg/PipelineStatistics'],
      ['/classifier/frames', 'effvit/msg/FrameReport'],
      ['/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray'],
    ]) {
      await user.ask({ op: 'subscribe', topic, type });
    }
    await user.match('/classifier/frames');
    await user.ask({ op: 'advertise', topic: '/image', type: IMAGE, depth: 1 });
    return user;
  }

  it('pauses and resumes while active, counts nothing meanwhile, and says so at OK', async () => {
    // By default a busy node loses frames.
    const deep = [...reliable(), '-p', 'qos_overrides./image.subscription.depth:=1000'];
    const user = await startWithCamera('-p', 'diagnostics.stale_after_ms:=1000.0', ...deep);
    const driver = await rig.startPeer();
    await driver.ask({ op: 'advertise', topic: '/image', type: IMAGE });
    await driver.match('/image');
    await driver.ask({ op: 'stream', topic: '/image', message: imageMessage(0, 0), hz: 30, now: true });
    await rig.takeAll<Classification>(user, '/classification', 3);

    const paused = await enable(user, false);
    assert.deepEqual([paused.success, /paused/.test(paused.message)], [true, true], paused.message);
    await waitFor(
      async () => (await driver.ask<number>({ op: 'matched', topic: '/image' })) === 0,
      'no subscription to the camera',
    );
    const before = await newest(user);
    await user.ask({ op: 'take', topic: '/classification' });
    const after = await newest(user);
    assert.deepEqual(
      [after.received, after.published, after.in_flight, after.missing],
      [before.received, before.published, 0, before.missing],
    );
    assert.equal(after.is_paused, true);
    assert.deepEqual(await user.ask({ op: 'take', topic: '/classification' }), []);
    await rig.diagnosed(user, 'pipeline', /^OK paused$/);
    await rig.diagnosed(user, 'camera /image', /^OK paused$/);
    assert.equal(await user.lifecycleState(NodeUnderTest.NAME), 'active');
    assert.equal((await enable(user, false)).success, true, 'twice is as good as once');

    assert.match((await enable(user, true)).message, /^Listening to \/image /);
    await rig.takeAll<Classification>(user, '/classification', 3);
    await rig.diagnosed(user, 'camera /image', /frames a second/);
    const resumed = await newest(user);
    assert.equal(resumed.is_paused, false);
    // The pause was longer than a second, 30 messages; a busy machine may lose some others.
    assert.ok(resumed.missing - before.missing < 20, 'what came while it was paused was not lost');
    // The service and the parameter are one.
    assert.deepEqual(await user.setParameter(NodeUnderTest.NAME, 'enabled', false), {
      successful: true,
      reason: '',
    });
    await waitFor(
      async () => (await driver.ask<number>({ op: 'matched', topic: '/image' })) === 0,
      'no subscription to the camera',
    );
    // It stays so, whatever the lifecycle does.
    for (const label of ['deactivate', 'activate']) {
      assert.equal(await user.transition(NodeUnderTest.NAME, label), true, rig.output);
    }
    await rig.diagnosed(user, 'pipeline', /^OK paused$/);
  });

  it('takes one frame of a camera for who asks, running and paused', async () => {
    const user = await startWithCamera('-p', 'enabled:=false', '-p', 'max_fps:=1.0');
    const driver = await rig.startPeer();
    await driver.ask({ op: 'advertise', topic: '/image', type: IMAGE, reliable: false });
    await driver.ask({ op: 'stream', topic: '/image', message: imageMessage(0, 1), hz: 30 });
    // Twice within a second: the rate limit is not for who asks.
    for (const camera of ['image', '/image', '']) {
      const { success, message, classification, report } = await classify(user, {
        camera,
        timeout: { sec: 30 },
      });
      assert.equal(success, true, message);
      assert.equal(classification.header.frame_id, 'test_optical');
      assert.equal(classification.results[0]?.class_id, COLOURS[1]);
      assert.deepEqual([report.source, report.width_px, report.height_px], ['/image', 64, 48]);
      assert.equal(report.results[0]?.label, COLOURS[1]);
      assert.ok(report.total_ns > report.inference_ns && report.inference_ns > 0, JSON.stringify(report));
    }
    const { received, published, dropped } = await newest(user);
    assert.deepEqual([received, published], [3, 3], JSON.stringify(dropped));
    // Each has its report; no other node was told of a result.
    assert.equal((await rig.takeAll(user, '/classifier/frames', 3)).length, 3);
    assert.deepEqual(await user.ask({ op: 'take', topic: '/classification' }), []);

    assert.equal((await enable(user, true)).success, true);
    const live = await classify(user, { camera: '/image', timeout: { sec: 30 } });
    assert.equal(live.success, true, live.message);
    await waitFor(async () => {
      const results = await user.ask<Classification[]>({ op: 'take', topic: '/classification' });
      return results.some(({ header }) => header.stamp.nanosec === live.classification.header.stamp.nanosec);
    }, 'the frame: of a camera that is listened to it is published as every other');
  });

  it('classifies pictures that are given, and says what is wrong with bad ones', async () => {
    const user = await startWithCamera();
    const blue = imageMessage(9, 2, { sec: 5, frameId: 'given' });
    const raw = await classify(user, { image: blue });
    assert.deepEqual([raw.success, raw.message], [true, '']);
    assert.deepEqual(raw.classification.header, {
      stamp: { sec: 5, nanosec: 9 },
      frame_id: 'given',
    });
    assert.equal(raw.classification.results[0]?.class_id, COLOURS[2]);
    assert.equal(raw.report.source, '/classifier/classify');

    const jpeg = await loadSharp()({ create: { width: 80, height: 60, channels: 3, background: '#e02020' } })
      .jpeg()
      .toBuffer();
    const compressed = await classify(user, {
      compressed_image: { header: { frame_id: 'file' }, format: 'jpeg', data: base64(jpeg) },
    });
    assert.equal(compressed.classification.results[0]?.class_id, COLOURS[0], compressed.message);
    assert.deepEqual([compressed.report.width_px, compressed.report.height_px], [80, 60]);

    const refusals: readonly (readonly [object, RegExp])[] = [
      [{ image: { ...blue, encoding: 'depth7' } }, /depth7/],
      [{ image: { ...blue, height: 4800 } }, /\/classifier\/classify|bytes/],
      [{ compressed_image: { format: 'jpeg', data: base64(jpeg.subarray(0, 40)) } }, /\w+/],
      [{ camera: 'image', image: blue }, /gives camera and image: give one/],
      [{ camera: 'elsewhere' }, /no camera elsewhere among image/],
      [
        { camera: 'image', use_detector: true },
        /^\/image has no detector: name its topic in detections_topics/,
      ],
      [{ image: blue, use_detector: true }, /^No detector finds boxes in a picture that is given/],
      [{ camera: 'image', timeout: { sec: 3600 } }, /timeout of up to 60 s.*3600 s/],
      [{ camera: 'image', timeout: { sec: -1 } }, /timeout/],
      [{ camera: 'image', timeout: { nanosec: 200_000_000 } }, /within 0\.2 s/],
    ];
    for (const [request, reason] of refusals) {
      const answer = await classify(user, request);
      assert.equal(answer.success, false);
      assert.match(answer.message, reason);
      assert.deepEqual(answer.classification.results, []);
    }
    // A bad picture is a frame that was dropped, a wrong request is none.
    const { received, published, dropped } = await newest(user);
    const bad = dropped.find(({ cause }) => cause === 'bad_image');
    assert.deepEqual([received, published, bad?.count], [5, 2, 3]);
  });

  it('answers in every state, and everybody who asks at once', async () => {
    const user = await rig.start();
    const request = { image: imageMessage(1, 0) };
    const early = await classify(user, request);
    assert.deepEqual([early.success, early.message], [false, 'The node is unconfigured: activate it first.']);
    assert.deepEqual(await enable(user, false), {
      success: true,
      message: 'The node is unconfigured: it is paused once it is active.',
    });
    await rig.activate(user);
    const others = await Promise.all(Array.from({ length: 3 }, () => rig.startPeer()));
    const answers = await Promise.all(others.map((peer) => classify(peer, request)));
    for (const { success, message } of answers) assert.equal(success, true, message);
    const [first] = others;
    assert.ok(first !== undefined);
    const waiting = classify(first, { camera: 'image', timeout: { sec: 60 } });
    await waitFor(
      async () => (await user.ask<number>({ op: 'subscriber_count', topic: '/image' })) > 0,
      'the single subscription',
    );
    assert.equal(await user.transition(NodeUnderTest.NAME, 'deactivate'), true, rig.output);
    assert.match((await waiting).message, /^The node was deactivated meanwhile/);
    assert.match((await classify(user, request)).message, /^The node is inactive/);
  });
});
