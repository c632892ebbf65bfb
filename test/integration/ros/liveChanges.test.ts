import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { writeColourModel } from '../../helpers/colourModel.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import { type Classification, NodeUnderTest, type Statistics } from '../../helpers/NodeUnderTest.js';
import { type RosPeer, waitFor } from '../../helpers/RosPeer.js';

const { NAME } = NodeUnderTest;
const CHANGES = 200;
/** A change of each kind, in turns. */
const STEPS: readonly (readonly [name: string, values: readonly (string | number | boolean)[]])[] = [
  ['threads', [1, 8, 4, 2, 6, 3]],
  ['queue_size', [1, 50, 4]],
  ['drop_policy', ['newest', 'block', 'oldest']],
  ['resize_mode', ['letterbox', 'crop', 'stretch', 'model']],
  ['top_k', [1, 3, 5]],
  ['score_threshold', [0.1, 0.0]],
  ['class_id_format', ['index', 'label']],
  ['max_age_ms', [100.5, 0.0]],
];

function totalDrops({ dropped }: Statistics): number {
  return dropped.reduce((sum, { count }) => sum + count, 0);
}

describe('ROS node: changes while it runs', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  async function stream(user: RosPeer, hz: number, channel: number): Promise<void> {
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image', reliable: false });
    await user.match('/image');
    await user.ask({ op: 'stream', topic: '/image', hz, message: imageMessage(0, channel) });
  }

  it('loses and repeats no frame through 200 parameter changes under load', async () => {
    const user = await rig.startActive('-p', 'top_k:=3');
    await user.ask({ op: 'subscribe', topic: `${NAME}/statistics`, type: 'effvit/msg/PipelineStatistics' });
    await user.match(`${NAME}/statistics`);
    await stream(user, 200, 1);
    for (let change = 0; change < CHANGES; change++) {
      const [name, values] = STEPS[change % STEPS.length] ?? STEPS[0] ?? ['', []];
      const value = values[Math.floor(change / STEPS.length) % values.length] ?? 0;
      const isDouble = name === 'score_threshold' || name === 'max_age_ms';
      assert.deepEqual(
        await user.setParameter(NAME, name, value, isDouble ? 'double' : 'auto'),
        { successful: true, reason: '' },
        `${name}: ${value}`,
      );
    }
    const sent = await user.ask<number>({ op: 'unstream', topic: '/image' });
    const all: Statistics[] = [];
    await waitFor(async () => {
      all.push(...(await user.ask<Statistics[]>({ op: 'take', topic: `${NAME}/statistics` })));
      // Two alike: nothing is on its way any more.
      const [before, last] = all.slice(-2);
      return last !== undefined && last.in_flight === 0 && last.received === before?.received;
    }, 'statistics of a pipeline that has come to rest');
    for (const message of all) {
      assert.equal(message.received, message.published + totalDrops(message) + message.in_flight);
    }
    const last = all.at(-1);
    assert.ok(last !== undefined && last.published > 0);
    assert.ok(last.received <= sent, `${last.received} received of ${sent}`);
    // The results come reliably: exactly those that were counted.
    const results = await rig.takeAll<Classification>(user, '/classification', last.published);
    const stamps = results.map(({ header }) => header.stamp.nanosec);
    assert.equal(results.length, last.published);
    assert.deepEqual(
      stamps,
      [...new Set(stamps)].sort((a, b) => a - b),
    );
  });

  it('swaps the model while it runs, and keeps the old one when the new one is refused', async () => {
    const user = await rig.startActive('-p', 'queue_size:=100');
    await user.ask({
      op: 'subscribe',
      latched: true,
      topic: '/vision_info',
      type: 'vision_msgs/msg/VisionInfo',
    });
    await rig.takeAll(user, '/vision_info', 1);
    await stream(user, 50, 0);
    const second = await writeColourModel(rig.path('second'));
    await writeFile(rig.path('second', 'labels.txt'), 'rouge\nvert\nbleu\n');
    /** Of the results from the first with this label on: those before it were on their way. */
    const labelsFrom = async (label: string): Promise<Set<string | undefined>> => {
      await user.ask({ op: 'take', topic: '/classification' });
      const all: (string | undefined)[] = [];
      await waitFor(async () => {
        const results = await user.ask<Classification[]>({ op: 'take', topic: '/classification' });
        all.push(...results.map(({ results: [best] }) => best?.class_id));
        return all.includes(label) && all.length - all.indexOf(label) >= 5;
      }, `five results from ${label} on`).catch((cause: unknown) => {
        throw new Error(`The results were ${all.join(', ')}`, { cause });
      });
      return new Set(all.slice(all.indexOf(label)));
    };
    assert.deepEqual(await labelsFrom('red'), new Set(['red']));
    assert.deepEqual(await user.setParameter(NAME, 'model', second), { successful: true, reason: '' });
    await rig.takeAll(user, '/vision_info', 1);
    assert.deepEqual(await labelsFrom('rouge'), new Set(['rouge']));
    await writeColourModel(rig.path('broken'));
    await writeFile(rig.path('broken', 'colours.onnx'), 'not a model');
    const refused = await user.setParameter(NAME, 'model', rig.path('broken'));
    assert.equal(refused.successful, false);
    assert.match(refused.reason, /colours\.onnx/);
    assert.deepEqual(await labelsFrom('rouge'), new Set(['rouge']));
    assert.equal(await user.lifecycleState(NAME), 'active');
    const back = await user.setParameter(NAME, 'model', rig.path('colours'));
    assert.deepEqual(back, { successful: true, reason: '' });
    assert.deepEqual(await labelsFrom('red'), new Set(['red']));
  });
});
