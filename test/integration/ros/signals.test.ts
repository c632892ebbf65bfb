import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { imageMessage } from '../../helpers/imageMessage.js';
import {
  type Classification,
  NodeUnderTest,
  reliable,
  type Statistics,
} from '../../helpers/NodeUnderTest.js';
import { type RosPeer, waitFor } from '../../helpers/RosPeer.js';
import { RunningTime } from '../../helpers/RunningTime.js';

const { NAME } = NodeUnderTest;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** Less than what waits would take; StopSignals has the limit itself, and its own test. */
const LEAVING_LIMIT_MS = 20_000;
/** The node's own limits, from the first and from a second signal on: then it dies by the signal. */
const NODE_LIMIT_MS = 3500;
const HURRY_LIMIT_MS = 1500;
/** Two signals within half a second are one press of Ctrl-C; after two seconds the node hurries by itself. */
const NEXT_SIGNAL_MS = 1200;

/** A device that takes a frame so many milliseconds. */
function manifest(serviceMs: number): string {
  return `name: slow_device
input: { width_px: 224, height_px: 224 }
output: { class_count: 3 }
files: { bpu: { rdk-x5: { file: model.bin, march: bayes-e } } }
device_model:
  rdk-x5: { cores: 1, service_ms: ${serviceMs}, host_ms: 0 }
`;
}

describe('ROS node: signals', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  /** A node whose one worker has a frame and whose queue is full. */
  async function startBusy(serviceMs: number): Promise<RosPeer> {
    await mkdir(rig.path('slow'), { recursive: true });
    await writeFile(rig.path('slow', 'manifest.yaml'), manifest(serviceMs));
    const user = await rig.startActive(
      ...['-p', `model:=${rig.path('slow')}`, '-p', 'backend:=bpu_sim', '-p', 'bpu_sim_results:=hash'],
      ...['-p', 'threads:=1', '-p', 'queue_size:=40', '-p', 'inference_timeout_ms:=600000.0'],
      // Under `oldest` the frames would wait in the middleware.
      ...['-p', 'drop_policy:=newest'],
      ...reliable(),
    );
    const statistics = `${NAME}/statistics`;
    await user.ask({ op: 'subscribe', topic: statistics, type: 'effvit/msg/PipelineStatistics' });
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    await user.match('/image');
    await user.ask({ op: 'stream', topic: '/image', hz: 200, message: imageMessage(0, 2) });
    await waitFor(async () => {
      const taken = await user.ask<Statistics[]>({ op: 'take', topic: statistics });
      return (taken.at(-1)?.in_flight ?? 0) >= 40;
    }, 'a full queue');
    return user;
  }

  /** Sends the signals one after the other. @returns how it ended, and milliseconds from the last of them. */
  async function leave(
    ...signals: readonly NodeJS.Signals[]
  ): Promise<{ readonly end: number | NodeJS.Signals | null; readonly tookMs: number }> {
    const time = new RunningTime();
    const [last = 'SIGINT', ...earlier] = [...signals].reverse();
    for (const signal of earlier.reverse()) {
      process.kill(rig.node.pid, signal);
      await delay(NEXT_SIGNAL_MS);
    }
    const startMs = performance.now();
    const code = await rig.node.end(last);
    const tookMs = performance.now() - startMs;
    const leavingMs = time.stop();
    assert.ok(leavingMs <= LEAVING_LIMIT_MS, `leaving took ${leavingMs} ms: ${rig.output}`);
    return { end: code ?? rig.node.signalCode, tookMs };
  }

  /** The node leaves with 0; on a machine so slow that the node's own limit passes, by the last signal. */
  async function leavesInOrder(...signals: readonly NodeJS.Signals[]): Promise<void> {
    const { end, tookMs } = await leave(...signals);
    const limitMs = signals.length > 1 ? HURRY_LIMIT_MS : NODE_LIMIT_MS;
    if (end !== signals.at(-1) || tookMs < limitMs) assert.equal(end, 0, `${tookMs} ms: ${rig.output}`);
    assert.doesNotMatch(rig.output, /defect of effvit|Error:/);
  }

  it('leaves at once on a second signal, where the queue would take half a minute', async () => {
    await startBusy(800);
    await leavesInOrder('SIGINT', 'SIGTERM');
  });

  it('leaves by itself within a limit, where the queue would take half a minute', async () => {
    await startBusy(800);
    await leavesInOrder('SIGINT');
  });

  it('dies by the signal within the limit where a worker hangs', async () => {
    await startBusy(60_000);
    assert.equal((await leave('SIGINT')).end, 'SIGINT', rig.output);
  });

  it('dies by the second signal where a worker hangs', async () => {
    await startBusy(60_000);
    assert.equal((await leave('SIGINT', 'SIGTERM')).end, 'SIGTERM', rig.output);
  });

  for (const signal of SIGNALS) {
    it(`leaves with 0 on ${signal} of one press that comes again and again, also while the process ends`, async () => {
      await rig.startActive();
      const ended = rig.node.end(signal);
      // On a slow machine the last ones may be a second press, which forces the same exit code.
      for (let time = 0; time < 20; time++) {
        await delay(20);
        rig.node.signal(signal);
      }
      assert.equal(await ended, 0, rig.output);
    });

    it(`leaves with 0 on ${signal} while unconfigured and while it configures`, async () => {
      const user = await rig.start();
      assert.equal(await user.lifecycleState(NAME), 'unconfigured');
      await leavesInOrder(signal);
      await rig.startNode('-p', 'threads:=8');
      await user.nodeIsThere(NAME);
      // Its answer may be lost with the node: it is not waited for.
      const configured = user.transition(NAME, 'configure').catch(() => false);
      await leavesInOrder(signal);
      await Promise.race([configured, user.kill()]);
    });

    it(`leaves with 0 on ${signal} while frames come quicker than it serves them`, async () => {
      const user = await rig.startActive('-p', 'threads:=1', '-p', 'queue_size:=50');
      await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image', reliable: false });
      await user.match('/image');
      const message = imageMessage(0, 2, { widthPx: 320, heightPx: 240 });
      await user.ask({ op: 'stream', topic: '/image', hz: 500, message });
      await rig.takeAll<Classification>(user, '/classification', 10);
      await leavesInOrder(signal);
    });
  }
});
