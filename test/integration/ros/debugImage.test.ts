import assert from 'node:assert/strict';
import { writeColourModel } from '../../helpers/colourModel.js';
import { NodeProcess } from '../../helpers/NodeProcess.js';
import { RosPeer, waitFor } from '../../helpers/RosPeer.js';
import { rosTestEnvironment } from '../../helpers/rosTestEnvironment.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const NODE = '/classifier';

interface DebugImage {
  readonly header: { stamp: { sec: number; nanosec: number }; frame_id: string };
  readonly encoding: string;
  readonly width: number;
  readonly height: number;
  readonly step: number;
}

describe('ROS node: debug image', function () {
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
  });

  it('comes with the header of its frame while somebody subscribes', async () => {
    const model = await writeColourModel(scratch.path('colours'));
    node = new NodeProcess(env, ['-p', `model:=${model}`]);
    peer = await RosPeer.start(env);
    assert.equal(await peer.transition(NODE, 'configure'), true, node.output);
    assert.equal(await peer.transition(NODE, 'activate'), true, node.output);
    await peer.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    await peer.ask({ op: 'subscribe', topic: `${NODE}/debug_image`, type: 'sensor_msgs/msg/Image' });
    for (const topic of ['/image', `${NODE}/debug_image`]) await peer.match(topic);
    const data = Uint8Array.from({ length: 64 * 48 * 3 }, (_, i) => (i % 3 === 0 ? 200 : 40));
    const message = {
      header: { stamp: { sec: 7, nanosec: 9 }, frame_id: 'test_optical' },
      encoding: 'rgb8',
      width: 64,
      height: 48,
      step: 64 * 3,
      data: { base64: Buffer.from(data).toString('base64') },
    };
    const images: DebugImage[] = [];
    const user = peer;
    await waitFor(async () => {
      await user.ask({ op: 'publish', topic: '/image', message });
      images.push(...(await user.ask<DebugImage[]>({ op: 'take', topic: `${NODE}/debug_image` })));
      return images.length > 0;
    }, `a debug image; node: ${node.output}`);
    const [image] = images;
    assert.deepEqual(image?.header, message.header);
    assert.equal(image?.encoding, 'rgb8');
    assert.equal(image?.step, 3 * (image?.width ?? 0));
    assert.ok((image?.width ?? 0) > 400 && (image?.height ?? 0) > 100, JSON.stringify(image).slice(0, 200));
  });
});
