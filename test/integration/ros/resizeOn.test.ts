import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { Classifier } from '../../../src/classify/Classifier.js';
import { loadModel } from '../../../src/classify/loadModel.js';
import type { RawImageFrame } from '../../../src/image/ImageFrame.js';
import type { ResizeOn } from '../../../src/image/PreprocessOptions.js';
import { writeFakeBin } from '../../helpers/fakeLibdnn.js';
import { messageOfFrame } from '../../helpers/imageMessage.js';
import { type Classification, NodeUnderTest, reliable } from '../../helpers/NodeUnderTest.js';
import { type RosPeer, waitFor } from '../../helpers/RosPeer.js';
import { fillRandom, rawFrame } from '../../helpers/rawFrames.js';

const { NAME } = NodeUnderTest;

const MANIFEST = `name: resizer
input: { width_px: 224, height_px: 224 }
preprocess: { resize_mode: crop, resize_short_side_px: 256 }
output: { class_count: 50 }
files: { bpu: { rdk-x5: { file: model.bin, march: bayes-e, input_source: resizer } } }
device_model:
  rdk-x5: { cores: 1, service_ms: 1, host_ms: 0.1 }
`;

/** Sizes of cameras; in the second, rows are no multiple of 16 bytes apart, and in the last the region is too large. */
const SHAPES = [
  { widthPx: 640, heightPx: 480 },
  { widthPx: 640, heightPx: 480, paddingBytes: 6 },
  { widthPx: 1280, heightPx: 720 },
  { widthPx: 1920, heightPx: 1080 },
] as const;

const FRAMES: readonly RawImageFrame[] = SHAPES.map((shape, index) =>
  rawFrame({ encoding: 'nv12', ...shape }, (data) => fillRandom(data, index + 1)),
);

type Scores = [label: string, score: number][];

describe('ROS node: frames that the chip cuts and scales', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  async function writeModel(): Promise<string> {
    await mkdir(rig.path('model'), { recursive: true });
    await writeFile(rig.path('model', 'manifest.yaml'), MANIFEST);
    writeFakeBin(rig.path('model', 'model.bin'));
    return rig.path('model');
  }

  async function inProcess(model: string, resizeOn: ResizeOn): Promise<Scores[]> {
    const options = { model, backend: 'bpu_sim', resizeOn, threads: 1, dropPolicy: 'block' } as const;
    const classifier = await Classifier.start(await loadModel(options), options);
    const all: Scores[] = [];
    for (const frame of FRAMES) {
      const outcome = await classifier.classify(frame);
      assert.equal(outcome.kind, 'result', JSON.stringify(outcome));
      if (outcome.kind === 'result') all.push(outcome.value.map(({ label, score }) => [label, score]));
    }
    await classifier.close();
    return all;
  }

  async function overRos(user: RosPeer): Promise<Scores[]> {
    const all: Scores[] = [];
    for (const [index, frame] of FRAMES.entries()) {
      await user.ask({ op: 'publish', topic: '/image', message: messageOfFrame(frame, index + 1) });
      const [result] = await rig.takeAll<Classification>(user, '/classification', 1);
      assert.equal(result?.header.stamp.nanosec, index + 1);
      all.push(result.results.map(({ class_id: label, score }) => [label, score]));
    }
    return all;
  }

  it('have the scores of the same frames in process, with resize_on bpu, cpu and auto, live', async () => {
    const model = await writeModel();
    const expected = {
      bpu: await inProcess(model, 'bpu'),
      cpu: await inProcess(model, 'cpu'),
      auto: await inProcess(model, 'auto'),
    };
    // The simulated scores are those of the bytes that were given, so they tell who has cut and scaled.
    for (const [index, scores] of expected.bpu.entries()) assert.notDeepEqual(scores, expected.cpu[index]);
    assert.deepEqual(expected.auto, [...expected.bpu.slice(0, 3), expected.cpu[3]]);
    const user = await rig.startActive(
      ...['-p', `model:=${model}`, '-p', 'backend:=bpu_sim', '-p', 'resize_on:=bpu', '-p', 'threads:=1'],
      ...reliable(),
    );
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    await user.match('/image');
    assert.deepEqual(await overRos(user), expected.bpu);
    await waitFor(
      () => Promise.resolve(/are cut closer than the model has it/.test(rig.output)),
      'the notice',
    );
    for (const resizeOn of ['cpu', 'auto'] as const) {
      assert.deepEqual(await user.setParameter(NAME, 'resize_on', resizeOn), {
        successful: true,
        reason: '',
      });
      assert.deepEqual(await overRos(user), expected[resizeOn], resizeOn);
    }
  });

  it('are refused when the node is configured, where the chip cannot do what is asked', async () => {
    const user = await rig.start(
      ...['-p', `model:=${await writeModel()}`, '-p', 'backend:=bpu_sim'],
      ...['-p', 'resize_on:=bpu', '-p', 'resize_mode:=letterbox'],
    );
    assert.equal(await user.transition(NAME, 'configure'), false);
    assert.match(rig.output, /resize_on is bpu but resize_mode is letterbox, and the chip adds no borders: /);
    await user.setParameter(NAME, 'resize_mode', 'crop');
    await rig.activate(user);
    const answer = await user.setParameter(NAME, 'resize_mode', 'letterbox');
    assert.equal(answer.successful, false);
    assert.match(answer.reason, /the chip adds no borders/);
    assert.equal(await user.lifecycleState(NAME), 'active');
  });
});
