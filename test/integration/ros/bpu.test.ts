import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { BPU_ERRORS } from '../../../src/inference/bpu/bpuErrors.js';
import { writeBoardTree, X5_TREE } from '../../helpers/boardTree.js';
import { buildFakeLibdnn, writeFakeBin } from '../../helpers/fakeLibdnn.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import {
  type Classification,
  type Diagnostics,
  NodeUnderTest,
  reliable,
  type Statistics,
} from '../../helpers/NodeUnderTest.js';
import { type RosPeer, waitFor } from '../../helpers/RosPeer.js';

const { NAME } = NodeUnderTest;
/** Frames of a camera that the simulated device can never keep up with. */
const CAMERA_HZ = 70;
/**
 * EfficientViT-M5 on an RDK X5 four times as slow, so that the times around a frame weigh little on a machine that
 * is busy with other tests as well.
 */
const SERVICE_MS = 22.88;
const HOST_MS = 2.48;

const MANIFEST = `name: slow_device
input: { width_px: 224, height_px: 224 }
preprocess: { resize_mode: stretch }
output: { class_count: 1000 }
files: { bpu: { rdk-x5: { file: model.bin, march: bayes-e } } }
device_model:
  rdk-x5: { cores: 1, service_ms: ${SERVICE_MS}, host_ms: ${HOST_MS} }
`;

/** The calls that a load makes, in their order. */
const LOAD_CALLS = [
  'hbDNNInitializeFromFiles',
  'hbDNNGetModelNameList',
  'hbDNNGetModelHandle',
  'hbDNNGetInputCount',
  'hbDNNGetInputTensorProperties',
  'hbDNNGetOutputCount',
  'hbDNNGetOutputTensorProperties',
  'hbSysAllocCachedMem',
  'hbSysFlushMem',
  'hbDNNInfer',
  'hbDNNWaitTaskDone',
  'hbDNNReleaseTask',
] as const;

/** Neither hot nor at fault; the processor may be busy with what else runs here. */
const CALM = /^OK|^WARN all processor cores/;

/** What a second of the node was like. */
interface Row {
  readonly fps: number;
  readonly latencyMs: number;
  readonly loadPercent: number;
}

function rowOf(before: Statistics, message: Statistics): Row {
  const seconds = ({ header: { stamp } }: Statistics) => stamp.sec + stamp.nanosec / 1e9;
  return {
    fps: (message.published - before.published) / (seconds(message) - seconds(before)),
    latencyMs: message.stages.find(({ name }) => name === 'inference')?.p50_ms ?? 0,
    loadPercent: message.bpu_load_percent ?? Number.NaN,
  };
}

describe('ROS node: the BPU', function () {
  this.timeout(600_000);
  const rig = new NodeUnderTest();

  afterEach(() => {
    for (const name of ['EFFVIT_SYS_ROOT', 'EFFVIT_LIBDNN', 'EFFVIT_BPU_CHIP', 'FAKEDNN', 'FAKEDNN_FAIL'])
      delete rig.env[name];
  });

  async function writeModel(): Promise<string> {
    await mkdir(rig.path('model'), { recursive: true });
    await writeFile(rig.path('model', 'manifest.yaml'), MANIFEST);
    writeFakeBin(rig.path('model', 'model.bin'));
    return rig.path('model');
  }

  async function statistics(user: RosPeer, count: number): Promise<Statistics[]> {
    return (await rig.takeAll<Statistics>(user, `${NAME}/statistics`, count)).slice(-count);
  }

  async function listen(user: RosPeer): Promise<void> {
    await user.ask({ op: 'subscribe', topic: `${NAME}/statistics`, type: 'effvit/msg/PipelineStatistics' });
    await user.match(`${NAME}/statistics`);
  }

  /**
   * Sets the threads and waits for a second that is as the device model has it: in one in which the machine did
   * something else it may differ, but not in all of them.
   */
  async function windowOf(user: RosPeer, threads: number, isShown: (row: Row) => boolean): Promise<Row> {
    const answer = await user.setParameter(NAME, 'threads', threads);
    assert.deepEqual(answer, { successful: true, reason: '' });
    await user.ask({ op: 'take', topic: `${NAME}/statistics` });
    // The first windows hold frames of the threads before.
    const [, second] = await statistics(user, 2);
    let before = second;
    const rows: Row[] = [];
    await waitFor(async () => {
      for (const message of await user.ask<Statistics[]>({ op: 'take', topic: `${NAME}/statistics` })) {
        assert.deepEqual([message.threads, message.workers_serving], [threads, threads]);
        assert.deepEqual([message.backend, message.is_simulated], ['bpu_sim', true]);
        if (before !== undefined) rows.push(rowOf(before, message));
        before = message;
      }
      return rows.some(isShown);
    }, `a second of ${threads} threads`).catch((cause: unknown) => {
      throw new Error(`${threads} threads: ${JSON.stringify(rows.slice(-10))}`, { cause });
    });
    const shown = rows.find(isShown);
    assert.ok(shown !== undefined);
    return shown;
  }

  it("shows the performance table's behaviour while threads are set to 1, 4 and 8", async () => {
    const user = await rig.start(
      '-p',
      `model:=${await writeModel()}`,
      '-p',
      'backend:=bpu_sim',
      '-p',
      'threads:=2',
    );
    await rig.activate(user);
    await listen(user);
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image', reliable: false });
    await user.match('/image');
    await user.ask({ op: 'stream', topic: '/image', hz: CAMERA_HZ, message: imageMessage(0, 1) });
    const perSecond = 1000 / SERVICE_MS;
    const aloneMs = SERVICE_MS + HOST_MS;
    // One thread leaves the device idle while it is busy around it.
    const one = await windowOf(user, 1, ({ fps, latencyMs, loadPercent }) => {
      return loadPercent < 93 && fps > 0 && fps <= 1000 / aloneMs + 1 && latencyMs >= aloneMs;
    });
    // Four keep it busy, which brings more frames; never more than the device model allows.
    const four = await windowOf(user, 4, ({ fps, loadPercent }) => {
      return loadPercent > 96 && fps > 1.04 * one.fps && fps <= perSecond + 1;
    });
    // Eight bring none, and each waits twice as long.
    await windowOf(user, 8, ({ fps, latencyMs, loadPercent }) => {
      const isAsQuick = Math.abs(fps / four.fps - 1) < 0.06;
      return loadPercent > 96 && isAsQuick && Math.abs(latencyMs / four.latencyMs - 2) < 0.3;
    });
  });

  it("reports the board's sensors in its statistics and diagnostics", async () => {
    writeBoardTree(rig.path('board'), X5_TREE);
    rig.env['EFFVIT_SYS_ROOT'] = rig.path('board');
    const user = await rig.start();
    await user.ask({ op: 'subscribe', topic: '/diagnostics', type: 'diagnostic_msgs/msg/DiagnosticArray' });
    await rig.diagnosed(user, 'device', CALM);
    await rig.activate(user);
    await listen(user);
    const [message] = await statistics(user, 1);
    assert.ok(message !== undefined);
    assert.deepEqual(
      [
        message.bpu_load_percent,
        message.bpu_frequency_mhz,
        message.ddr_frequency_mhz,
        message.cpu_frequency_mhz,
      ],
      [87, 1000, 4266, 1800],
    );
    assert.equal(message.temperature_celsius, 55.5);
    assert.deepEqual(message.temperatures, [
      { sensor: 'ddr', celsius: 51.234 },
      { sensor: 'bpu', celsius: 55.5 },
      { sensor: 'cpu', celsius: 52 },
    ]);
    const arrays = await rig.takeAll<Diagnostics>(user, '/diagnostics', 1);
    const values = arrays.at(-1)?.status.find(({ name }) => name === 'classifier: device')?.values ?? [];
    const shown = Object.fromEntries(values.map(({ key, value }) => [key, value]));
    assert.equal(shown['bpu_load_percent'], '87');
    assert.equal(shown['ddr_frequency_mhz'], '4266');
    assert.equal(shown['temperature_bpu_celsius'], '55.500');
    assert.equal(shown['cpu_governor'], 'performance');
    // A busy and then a hot chip is reported while it lasts; a sensor that is gone is no error.
    writeBoardTree(rig.path('board'), { 'sys/devices/system/bpu/bpu0/ratio': '99\n' });
    await rig.diagnosed(user, 'device', /^OK the BPU is fully used \(99 %\)|^WARN all processor cores/);
    writeBoardTree(rig.path('board'), { 'sys/class/hwmon/hwmon1/temp2_input': '97000\n' });
    await rig.diagnosed(user, 'device', /^ERROR 97 °C/);
    writeBoardTree(rig.path('board'), {
      'sys/devices/system/bpu/bpu0/ratio': '\n',
      'sys/class/hwmon/hwmon1/temp2_input': '\n',
    });
    await rig.diagnosed(user, 'device', CALM);
    await user.ask({ op: 'take', topic: `${NAME}/statistics` });
    const [last] = await statistics(user, 1);
    assert.deepEqual([last?.bpu_load_percent, last?.temperature_celsius], [null, 52]);
  });

  it('answers its services through every error of the runtime, and serves once there is none', async function () {
    const built = buildFakeLibdnn();
    if ('reason' in built) leaveOut(this, built.reason);
    const codes = Object.keys(BPU_ERRORS).map(Number);
    // Each load meets the first failure on its way that is left; the codes are dealt out to the calls.
    const failures = codes.map((code, index) => ({
      call:
        LOAD_CALLS[Math.min(Math.floor((index * LOAD_CALLS.length) / codes.length), LOAD_CALLS.length - 1)] ??
        '',
      code,
    }));
    const inOrder = LOAD_CALLS.flatMap((call) => failures.filter((failure) => failure.call === call));
    assert.equal(new Set(inOrder.map(({ call }) => call)).size, LOAD_CALLS.length);
    const countOf = (name: string): number => inOrder.filter(({ call }) => call === name).length;
    // A task whose wait timed out is released as well.
    const skipped = (call: string): number =>
      call === 'hbDNNReleaseTask' ? countOf('hbDNNWaitTaskDone') : 0;
    // Then one at a frame: the waits before it are those of the loads that came so far.
    const atFrame = `hbDNNWaitTaskDone=-6000012:${countOf('hbDNNReleaseTask') + 1}`;
    Object.assign(rig.env, {
      EFFVIT_LIBDNN: built.path,
      EFFVIT_BPU_CHIP: 'rdk-x5',
      FAKEDNN_FAIL: [...inOrder.map(({ call, code }) => `${call}=${code}:${skipped(call)}`), atFrame].join(
        ',',
      ),
    });
    const model = await writeModel();
    const user = await rig.start(
      ...['-p', `model:=${model}`, '-p', 'backend:=bpu', '-p', 'threads:=1', ...reliable()],
    );
    for (const { call, code } of inOrder) {
      assert.equal(await user.transition(NAME, 'configure'), false, `${call} ${code}`);
      assert.equal(await user.lifecycleState(NAME), 'unconfigured');
      assert.match(rig.output, new RegExp(`${call} failed with ${code} \\(.+\\) for .+\\.`));
    }
    await user.ask({ op: 'subscribe', topic: '/diagnostics', type: 'diagnostic_msgs/msg/DiagnosticArray' });
    await rig.diagnosed(user, 'lifecycle', /^ERROR hb\w+ failed with -\d+ \(.+\) for .+: .+\.$/);
    await rig.activate(user);
    await rig.diagnosed(user, 'lifecycle', /^OK active/);
    await user.ask({ op: 'subscribe', topic: '/classification', type: 'vision_msgs/msg/Classification' });
    await user.ask({ op: 'subscribe', topic: `${NAME}/frames`, type: 'effvit/msg/FrameReport' });
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    for (const topic of ['/classification', `${NAME}/frames`, '/image']) await user.match(topic);
    await user.ask({ op: 'publish', topic: '/image', message: imageMessage(1, 1) });
    const [report] = await rig.takeAll<{ drop_cause: string; drop_reason: string }>(
      user,
      `${NAME}/frames`,
      1,
    );
    assert.equal(report?.drop_cause, 'inference_failed');
    assert.match(
      report.drop_reason,
      /^hbDNNWaitTaskDone failed with -6000012 \(the task failed on the BPU\)/,
    );
    await user.ask({ op: 'publish', topic: '/image', message: imageMessage(2, 1) });
    const [result] = await rig.takeAll<Classification>(user, '/classification', 1);
    assert.equal(result?.header.stamp.nanosec, 2);
    assert.equal(await user.lifecycleState(NAME), 'active');
    for (const label of ['deactivate', 'cleanup', 'configure', 'activate'])
      assert.equal(await user.transition(NAME, label), true, label);
    await waitFor(async () => {
      // What comes before the new subscription is matched is lost.
      await user.ask({ op: 'publish', topic: '/image', message: imageMessage(3, 1) });
      const results = await user.ask<Classification[]>({ op: 'take', topic: '/classification' });
      return results.some(({ header }) => header.stamp.nanosec === 3);
    }, 'a result after the second configure');
  });

  it('says that the BPU hangs, serves once it does not, and leaves in order with a task that never ended', async function () {
    const built = buildFakeLibdnn();
    if ('reason' in built) leaveOut(this, built.reason);
    Object.assign(rig.env, { EFFVIT_LIBDNN: built.path, EFFVIT_BPU_CHIP: 'rdk-x5', FAKEDNN: 'hang=1' });
    const user = await rig.start(
      ...['-p', `model:=${await writeModel()}`, '-p', 'backend:=bpu', '-p', 'threads:=1'],
      ...['-p', 'inference_timeout_ms:=2000.0', ...reliable()],
    );
    assert.equal(await user.transition(NAME, 'configure'), false);
    assert.match(
      rig.output,
      /hbDNNWaitTaskDone failed with -6000008 \(time-out\) for .+ after 3000 ms: .+\./,
    );
    assert.equal(await user.lifecycleState(NAME), 'unconfigured');
    await rig.activate(user);
    await user.ask({ op: 'subscribe', topic: '/classification', type: 'vision_msgs/msg/Classification' });
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    for (const topic of ['/classification', '/image']) await user.match(topic);
    await user.ask({ op: 'publish', topic: '/image', message: imageMessage(5, 1) });
    const [result] = await rig.takeAll<Classification>(user, '/classification', 1);
    assert.equal(result?.header.stamp.nanosec, 5);
    assert.equal(await rig.node.end('SIGINT'), 0, rig.output);
  });
});
