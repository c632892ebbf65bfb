import assert from 'node:assert/strict';
import { colourOfFrame, JPEG_TOPIC, RAW_TOPIC, writeColourBag } from '../../helpers/colourBag.js';
import { COLOURS, writeColourModel } from '../../helpers/colourModel.js';
import { NodeProcess } from '../../helpers/NodeProcess.js';
import { RosPeer, waitFor } from '../../helpers/RosPeer.js';
import { rosTestEnvironment } from '../../helpers/rosTestEnvironment.js';
import { runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const NODE = '/classifier';

interface Classification {
  readonly header: { stamp: { sec: number; nanosec: number }; frame_id: string };
  readonly results: { class_id: string; score: number }[];
}

interface Image {
  readonly encoding?: string;
  readonly widthPx?: number;
  readonly heightPx?: number;
  readonly strideBytes?: number;
  readonly data?: Uint8Array;
}

/** sensor_msgs/Image of one colour, 64x48 rgb8 where nothing else is said. */
function imageMessage(nanosec: number, channel: number, image: Image = {}): object {
  const { encoding = 'rgb8', widthPx = 64, heightPx = 48, strideBytes = widthPx * 3 } = image;
  const data =
    image.data ??
    Uint8Array.from({ length: strideBytes * heightPx }, (_, i) => (i % 3 === channel ? 200 : 40));
  return {
    header: { stamp: { sec: 7, nanosec }, frame_id: 'test_optical' },
    encoding,
    width: widthPx,
    height: heightPx,
    step: strideBytes,
    data: { base64: Buffer.from(data).toString('base64') },
  };
}

describe('ROS node', function () {
  this.timeout(300_000);
  const scratch = scratchFolder();
  let env: NodeJS.ProcessEnv = {};
  let node: NodeProcess | undefined;
  let peer: RosPeer | undefined;

  before(async function () {
    env = await rosTestEnvironment(this);
  });

  afterEach(async () => {
    await peer?.close();
    await node?.kill();
    peer = undefined;
    node = undefined;
  });

  async function start(...rosArguments: readonly string[]): Promise<RosPeer> {
    const model = await writeColourModel(scratch.path('colours'));
    node = new NodeProcess(env, ['-p', `model:=${model}`, ...rosArguments]);
    peer = await RosPeer.start(env);
    return peer;
  }

  async function activate(user: RosPeer): Promise<void> {
    assert.equal(await user.transition(NODE, 'configure'), true, node?.output);
    assert.equal(await user.transition(NODE, 'activate'), true, node?.output);
  }

  async function takeAll<Message>(user: RosPeer, topic: string, count: number): Promise<Message[]> {
    const all: Message[] = [];
    await waitFor(async () => {
      all.push(...(await user.ask<Message[]>({ op: 'take', topic })));
      return all.length >= count;
    }, `${count} messages on ${topic} (${all.length} came); node: ${node?.output}`);
    return all;
  }

  it('classifies what a camera publishes, keeps the header, and leaves with 0', async () => {
    const user = await start('-r', 'image:=/camera/image_raw');
    await activate(user);
    await user.ask({ op: 'subscribe', topic: '/classification', type: 'vision_msgs/msg/Classification' });
    await user.ask({ op: 'advertise', topic: '/camera/image_raw', type: 'sensor_msgs/msg/Image' });
    await user.match('/camera/image_raw');
    await user.match('/classification');
    for (const channel of [0, 1, 2]) {
      const message = imageMessage(100 + channel, channel);
      await user.ask({ op: 'publish', topic: '/camera/image_raw', message });
      const [result] = await takeAll<Classification>(user, '/classification', 1);
      assert.deepEqual(result?.header, {
        stamp: { sec: 7, nanosec: 100 + channel },
        frame_id: 'test_optical',
      });
      assert.equal(result?.results[0]?.class_id, COLOURS[channel]);
      assert.equal(result?.results.length, 3);
    }
    assert.equal(await node?.end('SIGTERM'), 0, node?.output);
  });

  it('walks the lifecycle in any order, as often as wanted, and refuses what is not possible', async () => {
    const user = await start();
    assert.equal(await user.lifecycleState(NODE), 'unconfigured');
    assert.equal(await user.transition(NODE, 'activate'), false);
    for (let round = 0; round < 3; round++) {
      await activate(user);
      assert.equal(await user.lifecycleState(NODE), 'active');
      assert.equal(await user.transition(NODE, 'configure'), false);
      assert.equal(await user.transition(NODE, 'deactivate'), true);
      assert.equal(await user.transition(NODE, 'cleanup'), true);
    }
    assert.equal(
      await user.setParameter(NODE, 'model', '/no/such/model').then((result) => result.successful),
      true,
    );
    assert.equal(await user.transition(NODE, 'configure'), false);
    assert.equal(await user.lifecycleState(NODE), 'unconfigured');
    assert.match(node?.output ?? '', /\/no\/such\/model/);
    assert.equal(await user.transition(NODE, 'shutdown'), true);
    assert.equal(await user.lifecycleState(NODE), 'finalized');
    assert.equal(await node?.end(), 0, node?.output);
  });

  it('refuses parameters with the reason, and takes live ones while it runs', async () => {
    const user = await start();
    await activate(user);
    const refused = async (name: string, value: string | number | boolean, reason: RegExp): Promise<void> => {
      const result = await user.setParameter(NODE, name, value);
      assert.equal(result.successful, false, name);
      assert.match(result.reason, reason);
    };
    await refused('threads', 17, /an integer from 1 to 16 for threads but received 17/);
    await refused('drop_policy', 'random', /one of oldest, newest, block/);
    await refused('ordered', 1, /true or false for ordered/);
    await refused('nv12_range', 'limited', /cannot change while the node is configured.*cleanup/);
    await refused('model', '/no/such/model', /\/no\/such\/model/);
    await refused('speed', 3, /There is no parameter speed/);
    for (const threads of [1, 8, 4]) {
      assert.deepEqual(await user.setParameter(NODE, 'threads', threads), { successful: true, reason: '' });
    }
    assert.equal((await user.setParameter(NODE, 'max_age_ms', 50, 'double')).successful, true);
    const { descriptors } = await user.ask<{
      descriptors: { description: string; integer_range: { from_value: number; to_value: number }[] }[];
    }>({
      op: 'call',
      service: `${NODE}/describe_parameters`,
      type: 'rcl_interfaces/srv/DescribeParameters',
      request: { names: ['threads'] },
    });
    assert.match(descriptors[0]?.description ?? '', /worker threads/);
    assert.equal(descriptors[0]?.integer_range[0]?.to_value, 16);
  });

  it('counts malformed images by cause, shows them in diagnostics, and classifies the next good one', async () => {
    const user = await start();
    await activate(user);
    await user.ask({ op: 'subscribe', topic: '/classification', type: 'vision_msgs/msg/Classification' });
    await user.ask({ op: 'subscribe', topic: '/diagnostics', type: 'diagnostic_msgs/msg/DiagnosticArray' });
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    await user.match('/image');
    await user.match('/classification');
    const bad: Image[] = [
      { strideBytes: 10 },
      { data: new Uint8Array(5) },
      { encoding: 'rgb12' },
      { widthPx: 0, heightPx: 0, strideBytes: 0 },
    ];
    for (const [index, image] of bad.entries()) {
      await user.ask({ op: 'publish', topic: '/image', message: imageMessage(index, 0, image) });
    }
    await user.ask({ op: 'publish', topic: '/image', message: imageMessage(99, 2) });
    const [result] = await takeAll<Classification>(user, '/classification', 1);
    assert.equal(result?.header.stamp.nanosec, 99);
    assert.equal(result?.results[0]?.class_id, 'blue');
    interface Diagnostics {
      readonly status: { name: string; level: string; values: { key: string; value: string }[] }[];
    }
    await waitFor(async () => {
      const arrays = await user.ask<Diagnostics[]>({ op: 'take', topic: '/diagnostics' });
      const pipeline = arrays.at(-1)?.status.find((status) => status.name === 'classifier: pipeline');
      return pipeline?.values.find((item) => item.key === 'dropped_bad_image')?.value === '4';
    }, 'four bad images in the diagnostics');
  });

  it('tells latecomers which model and labels it has', async () => {
    const user = await start();
    await activate(user);
    const latched = { op: 'subscribe', latched: true };
    await user.ask({ ...latched, topic: '/label_info', type: 'vision_msgs/msg/LabelInfo' });
    await user.ask({ ...latched, topic: '/vision_info', type: 'vision_msgs/msg/VisionInfo' });
    const [labels] = await takeAll<{ class_map: { class_name: string }[] }>(user, '/label_info', 1);
    assert.deepEqual(
      labels?.class_map.map((entry) => entry.class_name),
      [...COLOURS],
    );
    const [vision] = await takeAll<{ method: string }>(user, '/vision_info', 1);
    assert.match(vision?.method ?? '', /colours.*onnxruntime/);
  });

  it('gives the same results for a played bag as the offline replay, bit for bit, from two cameras', async () => {
    const FRAMES = 9;
    const bag = scratch.path('drive.mcap');
    await writeColourBag(bag, FRAMES);
    const reliable = `qos_overrides.${RAW_TOPIC}.subscription.reliability:=reliable`;
    const user = await start('-p', `image_topics:=["${RAW_TOPIC}"]`, '-p', 'queue_size:=100', '-p', reliable);
    await activate(user);
    await user.ask({ op: 'subscribe', topic: '/classification', type: 'vision_msgs/msg/Classification' });
    await user.match('/classification');
    const played = await runEffvit(['play', bag, '--rate', '4', '--topic', RAW_TOPIC], {
      env: env as Record<string, string>,
    });
    assert.equal(played.code, 0, played.stderr);
    const live = await takeAll<Classification>(user, '/classification', FRAMES);
    const offline = await runEffvit([
      'replay',
      bag,
      '--model',
      scratch.path('colours'),
      '--json',
      '--results',
    ]);
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
