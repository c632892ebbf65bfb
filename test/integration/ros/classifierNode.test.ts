import assert from 'node:assert/strict';
import { colourOfFrame, JPEG_TOPIC, RAW_TOPIC, writeColourBag } from '../../helpers/colourBag.js';
import { COLOURS } from '../../helpers/colourModel.js';
import { type ImageMessageFields, imageMessage } from '../../helpers/imageMessage.js';
import {
  type Classification,
  type Diagnostics,
  NodeUnderTest,
  reliable,
} from '../../helpers/NodeUnderTest.js';
import { waitFor } from '../../helpers/RosPeer.js';
import { runEffvit } from '../../helpers/runEffvit.js';

const { NAME } = NodeUnderTest;

describe('ROS node', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  it('classifies what a camera publishes, keeps the header, and leaves with 0', async () => {
    const user = await rig.startActive('-r', 'image:=/camera/image_raw', ...reliable('/camera/image_raw'));
    await user.ask({ op: 'advertise', topic: '/camera/image_raw', type: 'sensor_msgs/msg/Image' });
    await user.match('/camera/image_raw');
    for (const channel of [0, 1, 2]) {
      const message = imageMessage(100 + channel, channel);
      await user.ask({ op: 'publish', topic: '/camera/image_raw', message });
      const [result] = await rig.takeAll<Classification>(user, '/classification', 1);
      assert.deepEqual(result?.header, {
        stamp: { sec: 7, nanosec: 100 + channel },
        frame_id: 'test_optical',
      });
      assert.equal(result?.results[0]?.class_id, COLOURS[channel]);
      assert.equal(result?.results.length, 3);
    }
    assert.equal(await rig.node.end('SIGTERM'), 0, rig.output);
  });

  it('walks the lifecycle in any order, as often as wanted, and refuses what is not possible', async () => {
    const user = await rig.start();
    assert.equal(await user.lifecycleState(NAME), 'unconfigured');
    assert.equal(await user.transition(NAME, 'activate'), false);
    for (let round = 0; round < 3; round++) {
      await rig.activate(user);
      assert.equal(await user.lifecycleState(NAME), 'active');
      assert.equal(await user.transition(NAME, 'configure'), false);
      assert.equal(await user.transition(NAME, 'deactivate'), true);
      assert.equal(await user.transition(NAME, 'cleanup'), true);
    }
    assert.equal(
      await user.setParameter(NAME, 'model', '/no/such/model').then((result) => result.successful),
      true,
    );
    assert.equal(await user.transition(NAME, 'configure'), false);
    assert.equal(await user.lifecycleState(NAME), 'unconfigured');
    assert.match(rig.output, /\/no\/such\/model/);
    assert.equal(await user.transition(NAME, 'shutdown'), true);
    assert.equal(await user.lifecycleState(NAME), 'finalized');
    assert.equal(await rig.node.end(), 0, rig.output);
  });

  it('refuses parameters with the reason, and takes live ones while it runs', async () => {
    const user = await rig.start();
    await rig.activate(user);
    const refused = async (name: string, value: string | number | boolean, reason: RegExp): Promise<void> => {
      const result = await user.setParameter(NAME, name, value);
      assert.equal(result.successful, false, name);
      assert.match(result.reason, reason);
    };
    await refused('threads', 17, /an integer from 1 to 16 for threads but received 17/);
    await refused('drop_policy', 'random', /one of oldest, newest, block/);
    await refused('ordered', 1, /true or false for ordered/);
    await refused(
      'nv12_range',
      'limited',
      /cannot change while the node is active: run .*deactivate.*cleanup/,
    );
    await refused('model', '/no/such/model', /\/no\/such\/model/);
    await refused('speed', 3, /There is no parameter speed/);
    // As ros2 param load does it with all that ros2 param dump wrote.
    assert.deepEqual(await user.setParameter(NAME, 'nv12_range', 'model'), { successful: true, reason: '' });
    for (const threads of [1, 8, 4]) {
      assert.deepEqual(await user.setParameter(NAME, 'threads', threads), { successful: true, reason: '' });
    }
    assert.equal((await user.setParameter(NAME, 'max_age_ms', 50, 'double')).successful, true);
    const { descriptors } = await user.ask<{
      descriptors: { description: string; integer_range: { from_value: number; to_value: number }[] }[];
    }>({
      op: 'call',
      service: `${NAME}/describe_parameters`,
      type: 'rcl_interfaces/srv/DescribeParameters',
      request: { names: ['threads'] },
    });
    assert.match(descriptors[0]?.description ?? '', /worker threads/);
    assert.equal(descriptors[0]?.integer_range[0]?.to_value, 16);
  });

  it('counts malformed images by cause, shows them in diagnostics, and classifies the next good one', async () => {
    // A burst: by itself the newest frame alone waits.
    const user = await rig.startActive('-p', 'queue_size:=5', ...reliable());
    await user.ask({ op: 'subscribe', topic: '/diagnostics', type: 'diagnostic_msgs/msg/DiagnosticArray' });
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    await user.match('/image');
    const bad: ImageMessageFields[] = [
      { strideBytes: 10 },
      { data: new Uint8Array(5) },
      { encoding: 'rgb12' },
      { widthPx: 0, heightPx: 0, strideBytes: 0 },
    ];
    for (const [index, image] of bad.entries()) {
      await user.ask({ op: 'publish', topic: '/image', message: imageMessage(index, 0, image) });
    }
    await user.ask({ op: 'publish', topic: '/image', message: imageMessage(99, 2) });
    const [result] = await rig.takeAll<Classification>(user, '/classification', 1);
    assert.equal(result?.header.stamp.nanosec, 99);
    assert.equal(result?.results[0]?.class_id, 'blue');
    await waitFor(async () => {
      const arrays = await user.ask<Diagnostics[]>({ op: 'take', topic: '/diagnostics' });
      const pipeline = arrays.at(-1)?.status.find((status) => status.name === 'classifier: pipeline');
      return pipeline?.values.find((item) => item.key === 'dropped_bad_image')?.value === '4';
    }, 'four bad images in the diagnostics');
    assert.match(rig.output, /WARN.*The images of \/image cannot be read: .*unknown encoding 'rgb12'/);
  });

  it('sends model and labels to late subscribers', async () => {
    const user = await rig.start();
    await rig.activate(user);
    const latched = { op: 'subscribe', latched: true };
    await user.ask({ ...latched, topic: '/label_info', type: 'vision_msgs/msg/LabelInfo' });
    await user.ask({ ...latched, topic: '/vision_info', type: 'vision_msgs/msg/VisionInfo' });
    const [labels] = await rig.takeAll<{ class_map: { class_name: string }[] }>(user, '/label_info', 1);
    assert.deepEqual(
      labels?.class_map.map((entry) => entry.class_name),
      [...COLOURS],
    );
    const [vision] = await rig.takeAll<{ method: string }>(user, '/vision_info', 1);
    assert.match(vision?.method ?? '', /colours.*onnxruntime/);
  });

  it('gives the same results for a played bag as the offline replay, bit for bit, from two cameras', async () => {
    const FRAMES = 9;
    const bag = rig.path('drive.mcap');
    await writeColourBag(bag, FRAMES);
    const topics = ['-p', `image_topics:=["${RAW_TOPIC}"]`];
    const user = await rig.startActive(...topics, '-p', 'queue_size:=100', ...reliable(RAW_TOPIC));
    const played = await runEffvit(['play', bag, '--rate', '4', '--topic', RAW_TOPIC], {
      env: rig.env as Record<string, string>,
    });
    assert.equal(played.code, 0, played.stderr);
    const live = await rig.takeAll<Classification>(user, '/classification', FRAMES);
    const offline = await runEffvit(['replay', bag, '--model', rig.path('colours'), '--json', '--results']);
    const { results } = JSON.parse(offline.stdout) as {
      results: { topic: string; stamp: [number, number]; results: { label: string; score: number }[] }[];
    };
    assert.deepEqual(
      live.map(({ header, results: list }) => [header.stamp.sec, header.stamp.nanosec, list]),
      results
        .filter((frame) => frame.topic === RAW_TOPIC)
        .map(({ stamp: [sec, nanosec], results: list }) => [
          sec,
          nanosec,
          list.map(({ label, score }) => ({ class_id: label, score })),
        ]),
    );
    assert.equal(live[4]?.results[0]?.class_id, colourOfFrame(4));
    assert.ok(results.some((frame) => frame.topic === JPEG_TOPIC));
  });
});
