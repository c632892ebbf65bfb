import assert from 'node:assert/strict';
import { DROP_CAUSES } from '../../../src/stats/FrameAccounting.js';
import { RAW_TOPIC, writeColourBag } from '../../helpers/colourBag.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import {
  type Classification,
  NodeUnderTest,
  reliable,
  type Statistics,
} from '../../helpers/NodeUnderTest.js';
import { waitFor } from '../../helpers/RosPeer.js';
import { runEffvit } from '../../helpers/runEffvit.js';

const { NAME } = NodeUnderTest;
const STAGES = [
  'queue_wait',
  'copy',
  'handover',
  'decode',
  'preprocess',
  'batch_wait',
  'inference',
  'postprocess',
  'delivery',
] as const;

type StageTimes = Readonly<Record<`${(typeof STAGES)[number]}_ns`, number>>;

interface FrameReport extends StageTimes {
  readonly header: { stamp: { sec: number; nanosec: number }; frame_id: string };
  readonly source: string;
  readonly sequence: number;
  readonly drop_cause: string;
  readonly drop_reason: string;
  readonly results: { class_index: number; label: string; score: number }[];
  readonly width_px: number;
  readonly height_px: number;
  readonly backend: string;
  readonly is_simulated: boolean;
  readonly total_ns: number;
  readonly has_delay: boolean;
  readonly delay_ns: number;
}

describe('ROS node: reports', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  it('reports every frame with its times or the cause of its drop, and sums them up once a second', async () => {
    const user = await rig.startActive(...reliable());
    await user.ask({ op: 'subscribe', topic: `${NAME}/frames`, type: 'effvit/msg/FrameReport' });
    await user.ask({ op: 'subscribe', topic: `${NAME}/statistics`, type: 'effvit/msg/PipelineStatistics' });
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    for (const topic of ['/image', `${NAME}/frames`, `${NAME}/statistics`]) await user.match(topic);
    const messages = [
      imageMessage(1, 1),
      imageMessage(2, 1, { encoding: 'rgb12' }),
      imageMessage(3, 2, { widthPx: 32 }),
    ];
    const reports: FrameReport[] = [];
    for (const message of messages) {
      await user.ask({ op: 'publish', topic: '/image', message });
      reports.push(...(await rig.takeAll<FrameReport>(user, `${NAME}/frames`, 1)));
    }
    assert.deepEqual(
      reports.map(({ sequence, source, header }) => [sequence, source, header.stamp.nanosec]),
      [
        [0, '/image', 1],
        [1, '/image', 2],
        [2, '/image', 3],
      ],
    );
    const [first, bad, last] = reports;
    assert.ok(first !== undefined && bad !== undefined && last !== undefined);
    assert.deepEqual([first.results[0]?.label, first.results[0]?.class_index], ['green', 1]);
    assert.deepEqual([first.width_px, first.height_px, last.width_px], [64, 48, 32]);
    assert.deepEqual([first.backend, first.is_simulated, first.drop_cause], ['onnx', false, '']);
    // Its stamp, some seconds after the epoch, is of another clock.
    assert.equal(first.has_delay, false);
    const parts = STAGES.reduce((sum, stage) => sum + first[`${stage}_ns`], 0);
    // Each part is rounded to whole nanoseconds.
    assert.ok(Math.abs(parts - first.total_ns) <= STAGES.length, `${parts} for ${first.total_ns}`);
    assert.ok(first.inference_ns > 0 && first.decode_ns === 0);
    assert.equal(bad.drop_cause, 'bad_image');
    assert.match(bad.drop_reason, /rgb12/);
    assert.equal(bad.total_ns, 0);
    let statistics: Statistics | undefined;
    await waitFor(async () => {
      statistics = (await user.ask<Statistics[]>({ op: 'take', topic: `${NAME}/statistics` })).at(-1);
      return statistics?.received === 3;
    }, 'statistics of three frames');
    assert.ok(statistics !== undefined);
    assert.deepEqual([statistics.published, statistics.in_flight, statistics.model], [2, 0, 'colours']);
    assert.deepEqual(
      statistics.dropped.map(({ cause, count }) => [cause, count]),
      DROP_CAUSES.map((cause) => [cause, cause === 'bad_image' ? 1 : 0]),
    );
    assert.deepEqual(
      statistics.stages.map(({ name }) => name),
      [...STAGES, 'total', 'delay'],
    );
    const { success } = await user.ask<{ success: boolean }>({
      op: 'call',
      service: `${NAME}/reset_statistics`,
      type: 'std_srvs/srv/Trigger',
      request: {},
    });
    assert.equal(success, true);
    await waitFor(async () => {
      statistics = (await user.ask<Statistics[]>({ op: 'take', topic: `${NAME}/statistics` })).at(-1);
      return statistics?.received === 0;
    }, 'statistics that start anew');

    await user.ask({ op: 'subscribe', topic: '/diagnostics', type: 'diagnostic_msgs/msg/DiagnosticArray' });
    await user.match('/diagnostics');
    await user.ask({ op: 'publish', topic: '/image', message: imageMessage(4, 1) });
    await rig.diagnosed(user, 'camera /image', /behind the node's clock/);

    // A managed node is silent on its topics while it is not active; diagnostics stay.
    assert.equal(await user.transition(NAME, 'deactivate'), true);
    await user.ask({ op: 'take', topic: '/diagnostics' });
    // What was on its way is there by now.
    await rig.takeAll(user, '/diagnostics', 2);
    await user.ask({ op: 'take', topic: `${NAME}/statistics` });
    await rig.takeAll(user, '/diagnostics', 3);
    assert.deepEqual(await user.ask({ op: 'take', topic: `${NAME}/statistics` }), []);
  });

  it('measures delays by /clock when use_sim_time is set, and none before it ticks', async () => {
    const FRAMES = 12;
    const bag = rig.path('drive.mcap');
    await writeColourBag(bag, FRAMES);
    const user = await rig.startActive(
      ...['-p', 'use_sim_time:=true', '-p', `image_topics:=["${RAW_TOPIC}"]`, '-p', 'queue_size:=100'],
      ...reliable(RAW_TOPIC),
    );
    await user.ask({ op: 'subscribe', topic: `${NAME}/frames`, type: 'effvit/msg/FrameReport' });
    await user.match(`${NAME}/frames`);
    const play = ['play', bag, '--topic', RAW_TOPIC, '--rate', '4'];
    const env = rig.env as Record<string, string>;
    const unclocked = await runEffvit(play, { env });
    assert.equal(unclocked.code, 0, unclocked.stderr);
    const clueless = await rig.takeAll<FrameReport>(user, `${NAME}/frames`, FRAMES);
    await rig.takeAll<Classification>(user, '/classification', FRAMES);
    assert.deepEqual(
      clueless.filter(({ has_delay }) => has_delay),
      [],
      'no delay is told before /clock ticks',
    );
    const played = await runEffvit([...play, '--clock'], { env });
    assert.equal(played.code, 0, played.stderr);
    const reports = await rig.takeAll<FrameReport>(user, `${NAME}/frames`, FRAMES);
    await rig.takeAll<Classification>(user, '/classification', FRAMES);
    // By the wall clock the stamps of the recording are years old.
    const isByClock = reports.map(({ has_delay, delay_ns }) => has_delay && Math.abs(delay_ns) < 60e9);
    // On a busy machine the first images may come before the first /clock.
    const first = isByClock.indexOf(true);
    assert.ok(first >= 0 && isByClock.slice(first).every(Boolean), `by /clock are ${isByClock}`);
    assert.ok(
      reports.slice(0, first).every(({ has_delay }) => !has_delay),
      'none is by another clock',
    );
  });
});
