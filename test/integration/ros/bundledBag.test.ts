import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import {
  compareResults,
  type FrameResults,
  parseExpectedResults,
} from '../../../src/classify/expectedResults.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { type Classification, NodeUnderTest } from '../../helpers/NodeUnderTest.js';
import { runEffvit } from '../../helpers/runEffvit.js';

const BAG = packagePath('bags', 'signs_drive');
const EXPECTED = packagePath('bags', 'signs_drive_expected.json');
const MODEL = 'efficientvit_m5_signs';
/** Between CPUs; on one machine the results are the same bit for bit. */
const TOLERANCE = 0.01;

const CAMERAS = [
  { image: '/front_camera/image_raw', transport: 'compressed', topic: '/front_camera/image_raw/compressed' },
  { image: '/side_camera/image_raw', transport: 'raw', topic: '/side_camera/image_raw' },
] as const;

describe('ROS node: the bundled recording with the bundled model', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();
  let offline: readonly FrameResults[] = [];

  before(async function () {
    if (!existsSync(packagePath('models', MODEL, 'model.safetensors')))
      leaveOut(this, 'the weights of the bundled model are not in this checkout');
    const run = await runEffvit(['replay', BAG, '--model', MODEL, '--json', '--results']);
    assert.equal(run.code, 0, run.stderr);
    offline = (JSON.parse(run.stdout) as { results: FrameResults[] }).results;
  });

  for (const { image, transport, topic } of CAMERAS) {
    it(`gives for ${topic} the results of the offline replay, bit for bit and every frame`, async () => {
      const ofTopic = (frames: readonly FrameResults[]): FrameResults[] =>
        frames.filter((frame) => frame.topic === topic);
      const wanted = ofTopic(offline);
      assert.ok(wanted.length > 0);
      // Nothing is to be dropped, however slow the machine: all of the recording has room in the queue.
      const user = await rig.startActive(
        ...['-p', `model:=${MODEL}`, '-p', 'queue_size:=1000', '-p', `image_topics:=["${image}"]`],
        ...['-p', `image_transport:=${transport}`, '-p', `qos_overrides.${topic}.subscription.depth:=1000`],
      );
      const played = await runEffvit(['play', BAG, '--topic', topic], {
        env: rig.env as Record<string, string>,
      });
      assert.equal(played.code, 0, played.stderr);
      const live = await rig.takeAll<Classification>(user, '/classification', wanted.length);
      assert.deepEqual(
        live.map(({ header: { stamp }, results }) => [stamp.sec, stamp.nanosec, results]),
        wanted.map(({ stamp, results }) => [
          ...stamp,
          results.map(({ label, score }) => ({ class_id: label, score })),
        ]),
      );
      // What was recorded when the weights were made: by class and score, as another node receives them.
      const { frames } = parseExpectedResults(readFileSync(EXPECTED, 'utf8'), EXPECTED);
      const indices = new Map(
        frames.flatMap((frame) => frame.results.map(({ label, index }) => [label, index])),
      );
      const received = live.map(({ header: { stamp }, results }) => ({
        topic,
        stamp: [stamp.sec, stamp.nanosec] as const,
        results: results.map(({ class_id, score }) => ({
          index: indices.get(class_id) ?? -1,
          label: class_id,
          score,
        })),
      }));
      assert.deepEqual(compareResults(ofTopic(frames), received, TOLERANCE), []);
    });
  }
});
