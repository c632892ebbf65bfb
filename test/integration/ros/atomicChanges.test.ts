import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { writeColourModel } from '../../helpers/colourModel.js';
import { writeFakeBin } from '../../helpers/fakeLibdnn.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import { type Classification, NodeUnderTest, type Statistics } from '../../helpers/NodeUnderTest.js';
import { type RosPeer, waitFor } from '../../helpers/RosPeer.js';

const { NAME } = NodeUnderTest;
const DONE = { successful: true, reason: '' };

interface LabelInfo {
  readonly class_map: { class_id: number; class_name: string }[];
  readonly threshold: number;
}

interface VisionInfo {
  readonly method: string;
  readonly database_location: string;
  readonly database_version: number;
}

describe('ROS node: changes as a whole', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  /** A second model, with French labels. */
  async function writeSecond(): Promise<string> {
    const second = await writeColourModel(rig.path('second'));
    await writeFile(rig.path('second', 'labels.txt'), 'rouge\nvert\nbleu\n');
    return second;
  }

  async function stream(user: RosPeer, hz: number): Promise<void> {
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    await user.match('/image');
    await user.ask({ op: 'stream', topic: '/image', hz, message: imageMessage(0, 0) });
  }

  /** The newest of the statistics that fulfils the condition. */
  async function statistics(user: RosPeer, condition: (last: Statistics) => boolean): Promise<Statistics> {
    let last: Statistics | undefined;
    await waitFor(async () => {
      const topic = `${NAME}/statistics`;
      last = (await user.ask<Statistics[]>({ op: 'take', topic })).at(-1) ?? last;
      return last !== undefined && condition(last);
    }, 'such statistics').catch((cause: unknown) => {
      throw new Error(`The last were ${JSON.stringify(last)}`, { cause });
    });
    assert.ok(last !== undefined);
    return last;
  }

  async function present(user: RosPeer): Promise<unknown[]> {
    const { values } = await user.callParameters<{
      values: { integer_value: number; string_value: string; double_value: number }[];
    }>(NAME, 'GetParameters', { names: ['model', 'backend', 'threads', 'top_k', 'score_threshold'] });
    const [model, backend, threads, topK, threshold] = values;
    return [
      model?.string_value,
      backend?.string_value,
      threads?.integer_value,
      topK?.integer_value,
      threshold?.double_value,
    ];
  }

  it('refuses a model with all that was set beside it, and serves on under load as before', async () => {
    const user = await rig.startActive('-p', 'queue_size:=100', '-p', 'top_k:=3', '-p', 'threads:=2');
    await user.ask({ op: 'subscribe', topic: `${NAME}/statistics`, type: 'effvit/msg/PipelineStatistics' });
    await user.match(`${NAME}/statistics`);
    await stream(user, 100);
    await rig.takeAll(user, '/classification', 10);
    const before = await present(user);
    const second = await writeSecond();
    const misfit = await writeColourModel(rig.path('misfit'));
    await writeFile(rig.path('misfit', 'labels.txt'), 'one\ntwo\n');
    const fileless = await writeColourModel(rig.path('fileless'));
    await rm(rig.path('fileless', 'colours.onnx'));
    const broken = await writeColourModel(rig.path('broken'));
    await writeFile(rig.path('broken', 'colours.onnx'), 'not a model');
    const compiled = writeFakeBin(rig.path('compiled.bin'));
    const refused: readonly (readonly [Record<string, string | number>, RegExp])[] = [
      [{ model: '/no/such/model' }, /\/no\/such\/model/],
      [{ model: misfit }, /labels\.txt has 2 labels but colours gives 3 classes/],
      [{ model: fileless }, /colours/],
      [{ model: broken }, /colours\.onnx/],
      [{ backend: 'bpu' }, /has no \.bin file/],
      [{ backend: 'bpu', model: compiled }, /libdnn/],
      [{ model: second, drop_policy: 'random' }, /one of oldest, newest, block/],
      [{ model: second, nv12_range: 'limited' }, /nv12_range cannot change while the node is active/],
      [{ model: second, no_such: 1 }, /There is no parameter no_such/],
    ];
    for (const [changes, reason] of refused) {
      const result = await user.setAtomically(NAME, {
        threads: 5,
        top_k: 1,
        score_threshold: 0.5,
        ...changes,
      });
      assert.equal(result.successful, false, JSON.stringify(changes));
      assert.match(result.reason, reason);
      assert.deepEqual(await present(user), before);
      await user.ask({ op: 'take', topic: '/classification' });
      const results = await rig.takeAll<Classification>(user, '/classification', 3);
      for (const { results: list } of results) {
        assert.deepEqual([list[0]?.class_id, list.length], ['red', 3], JSON.stringify(changes));
      }
    }
    const { published } = await statistics(user, () => true);
    const last = await statistics(user, (next) => next.published > published);
    assert.deepEqual([last.threads, last.workers_serving], [2, 2]);
    const failed = last.dropped.filter(({ cause, count }) => cause !== 'queue_full' && count > 0);
    assert.deepEqual(failed, []);
  });

  it('takes model, threads and the rest together: no result is of both', async () => {
    const user = await rig.startActive('-p', 'queue_size:=100', '-p', 'top_k:=3', '-p', 'threads:=2');
    await user.ask({ op: 'subscribe', topic: `${NAME}/statistics`, type: 'effvit/msg/PipelineStatistics' });
    await user.match(`${NAME}/statistics`);
    await stream(user, 100);
    const all = await rig.takeAll<Classification>(user, '/classification', 10);
    const second = await writeSecond();
    const changes = { model: second, threads: 4, top_k: 1, score_threshold: 0.1 };
    assert.deepEqual(await user.setAtomically(NAME, changes), DONE);
    const kind = ({ results }: Classification): string => `${results[0]?.class_id} ${results.length}`;
    // The old model has results on their way, more of them the longer the new one took to load.
    await waitFor(async () => {
      all.push(...(await rig.takeAll<Classification>(user, '/classification', 1)));
      return all.slice(0, -10).some((message) => kind(message) !== 'red 3');
    }, 'ten results of the new model');
    const seen = all.map(kind);
    const firstNew = seen.indexOf('rouge 1');
    assert.ok(firstNew > 0, seen.join(', '));
    assert.deepEqual(
      seen,
      seen.map((_, index) => (index < firstNew ? 'red 3' : 'rouge 1')),
    );
    assert.deepEqual(await present(user), [second, 'auto', 4, 1, 0.1]);
    await statistics(user, ({ threads, workers_serving: serving }) => threads === 4 && serving === 4);
  });

  it('publishes its labels and their version again when they change; late subscribers get the newest only', async () => {
    const user = await rig.start();
    await rig.activate(user);
    const subscribe = async (peer: RosPeer): Promise<void> => {
      const latched = { op: 'subscribe', latched: true };
      await peer.ask({ ...latched, topic: '/label_info', type: 'vision_msgs/msg/LabelInfo' });
      await peer.ask({ ...latched, topic: '/vision_info', type: 'vision_msgs/msg/VisionInfo' });
    };
    const labels = async (peer: RosPeer, count: number): Promise<string[]> =>
      (await rig.takeAll<LabelInfo>(peer, '/label_info', count)).map(
        ({ class_map: map, threshold }) =>
          `${map.map(({ class_id: id, class_name: name }) => `${id} ${name}`).join(', ')}: ${threshold}`,
      );
    const versions = async (peer: RosPeer, count: number): Promise<number[]> =>
      (await rig.takeAll<VisionInfo>(peer, '/vision_info', count)).map((info) => info.database_version);
    await subscribe(user);
    assert.deepEqual(await labels(user, 1), ['0 red, 1 green, 2 blue: 0']);
    assert.deepEqual(await versions(user, 1), [1]);
    assert.deepEqual(await user.setParameter(NAME, 'score_threshold', 0.25), DONE);
    assert.deepEqual(await labels(user, 1), ['0 red, 1 green, 2 blue: 0.25']);
    // A change of neither publishes neither.
    assert.deepEqual(await user.setParameter(NAME, 'top_k', 2), DONE);
    assert.deepEqual(await user.setParameter(NAME, 'model', await writeSecond()), DONE);
    assert.deepEqual(await labels(user, 1), ['0 rouge, 1 vert, 2 bleu: 0.25']);
    assert.deepEqual(await versions(user, 1), [2]);

    const latecomer = await rig.startPeer();
    await subscribe(latecomer);
    assert.deepEqual(await labels(latecomer, 1), ['0 rouge, 1 vert, 2 bleu: 0.25']);
    assert.deepEqual(await versions(latecomer, 1), [2]);
    assert.deepEqual(await user.setParameter(NAME, 'score_threshold', 0.5), DONE);
    // Had older ones been kept for it, they would have come before this.
    assert.deepEqual(await labels(latecomer, 1), ['0 rouge, 1 vert, 2 bleu: 0.5']);

    // Configured anew, the version goes on: a listener's labels are none the wiser of the time between.
    for (const label of ['deactivate', 'cleanup', 'configure', 'activate']) {
      assert.equal(await user.transition(NAME, label), true, rig.output);
    }
    assert.deepEqual(await versions(latecomer, 1), [3]);
  });

  it('takes another period of its diagnostics at once', async () => {
    const user = await rig.start('-p', 'diagnostic_updater.period:=60.0');
    await user.ask({ op: 'subscribe', topic: '/diagnostics', type: 'diagnostic_msgs/msg/DiagnosticArray' });
    await user.match('/diagnostics');
    assert.deepEqual(await user.setParameter(NAME, 'diagnostic_updater.period', 0.1), DONE);
    // At 60 s these would not come within the wait's limit.
    await rig.takeAll(user, '/diagnostics', 3);
    await rig.activate(user);
    assert.deepEqual(await user.setParameter(NAME, 'diagnostic_updater.period', 0.2), DONE);
    await rig.takeAll(user, '/diagnostics', 3);
  });
});
