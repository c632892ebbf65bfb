// The node over real DDS, every process of its own: against the classifier that a user would write in rclpy, rounds
// interleaved; then large images, ingest alone, and the simulated BPU.
//
//   npm run bench:ros -- [--seconds 5] [--rounds 3] [--model FILE.onnx] [--part peers,slow,large,ingest,device]
//                        [--hz 120,400] [--peers FOLDER] [--python-path FOLDER] [--parameter NAME:=VALUE ...]
//
// --hz: the camera's rates of the part peers; nobody publishes more results than the camera has frames, so the second
// rate shows what each can do. The node runs with its own defaults, but for --parameter in the
// parts peers and slow.
//
// --peers: the folder of camera.py and rclpy_classifier.py, default ../shared/bench beside the package; without it
// everything is skipped. --python-path: where the peer finds cv2 and onnxruntime. Model: EfficientViT-M5 with made-up
// weights where none is given, which takes the same time as with real ones.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { simulatedBpuSpec } from '../../src/classify/simulatedBpuSpec.js';
import { packagePath } from '../../src/core/packageRoot.js';
import { buildEfficientVit } from '../../src/efficientvit/buildEfficientVit.js';
import { resolveModel } from '../../src/model/resolveModel.js';
import { writeOnnx } from '../../src/onnx/writeOnnx.js';
import { loadRcl } from '../../src/ros/rcl/rosEnvironment.js';
import { formulaWeights } from '../helpers/formulaWeights.js';
import { NodeProcess } from '../helpers/NodeProcess.js';
import type { Statistics } from '../helpers/NodeUnderTest.js';
import { RosPeer, waitFor } from '../helpers/RosPeer.js';
import { removeDeadSharedMemory } from '../helpers/removeDeadSharedMemory.js';
import { BareSessions, type Round } from './BareSessions.js';
import { FrameReportListener, type FrameTimes } from './FrameReportListener.js';
import { InferenceCpu } from './InferenceCpu.js';
import { ddsCpuMs, processCpuMs } from './processCpu.js';
import { ResultListener } from './ResultListener.js';

const TOPIC = '/camera/image_raw';
const NODE = '/classifier';
const WARM_UP_MS = 1000;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    model: { type: 'string' },
    part: { type: 'string', default: 'peers,slow,large,ingest,device' },
    hz: { type: 'string', default: '120,400' },
    parameter: { type: 'string', multiple: true, default: [] },
    peers: { type: 'string', default: packagePath('..', 'shared', 'bench') },
    'python-path': { type: 'string', default: '' },
  },
});
const seconds = Number(options.seconds);
const rounds = Number(options.rounds);
const parts = options.part.split(',');
const ownParameters = options.parameter.flatMap((parameter) => ['-p', parameter]);
const cameraScript = join(options.peers, 'camera.py');
const peerScript = join(options.peers, 'rclpy_classifier.py');

interface CameraShape {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly hz: number;
}

/** One contender's round. */
interface Run {
  readonly resultsPerSecond: number;
  readonly cpuMsPerResult: number;
  /** What of it is not spent inside ONNX Runtime; not a number where that was not counted. */
  readonly outsideCpuMsPerResult: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly results: number;
  /** Percent of one core, without the middleware's own threads. */
  readonly cpuPercentOutsideDds: number;
  /** Of the node alone. */
  readonly statistics?: Statistics;
  readonly sent: number;
  /** Of the node alone, where its frame reports were listened to. */
  readonly frames: readonly FrameTimes[];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

// Before ROS is loaded: the middleware reads its settings from the environment of the process.
process.env['ROS_DOMAIN_ID'] = String(1 + (process.pid % 100));
process.env['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST';
for (const name of ['FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'])
  process.env[name] = packagePath('config', 'fastdds.xml');
const pythonPath = [options['python-path'], process.env['PYTHONPATH'] ?? ''].filter((path) => path !== '');
const peerEnv = { ...process.env, PYTHONPATH: pythonPath.join(':') };
const scratch = mkdtempSync(join(tmpdir(), 'effvit-bench-ros-'));
const rcl = await loadRcl();
await rcl.init();
const listenerNode = new rcl.Node('bench_listener');
listenerNode.spin();

/** A camera in a process of its own; gives the number of frames that it sent when it has ended. */
function startCamera({ widthPx, heightPx, hz }: CameraShape, forSeconds: number): Promise<number> {
  const args = [cameraScript, widthPx, heightPx, hz, forSeconds, TOPIC].map(String);
  const child = spawn('python3', args, { env: process.env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return once(child, 'exit').then(() => Number(/sent (\d+)/.exec(text)?.[1] ?? Number.NaN));
}

interface MeasureOptions {
  readonly forSeconds?: number | undefined;
  readonly reports?: FrameReportListener | undefined;
  readonly inference?: InferenceCpu | undefined;
}

async function measure(
  pid: number,
  listener: ResultListener,
  camera: CameraShape,
  { forSeconds = seconds, reports, inference }: MeasureOptions = {},
): Promise<Run> {
  const ended = startCamera(camera, forSeconds + 3);
  await waitFor(async () => listener.count > 0, 'the first result');
  await delay(WARM_UP_MS);
  const first = listener.count;
  const firstReport = reports?.count ?? 0;
  const beganMs = performance.now();
  const [cpuBefore, ddsBefore] = [processCpuMs(pid), ddsCpuMs(pid)];
  const inferenceBefore = inference?.totals();
  await delay(forSeconds * 1000);
  const arrivals = listener.since(first);
  const wallMs = performance.now() - beganMs;
  const cpuMs = processCpuMs(pid) - cpuBefore;
  const ddsMs = ddsCpuMs(pid) - ddsBefore;
  const inferenceMs = (inference?.totals().cpuMs ?? Number.NaN) - (inferenceBefore?.cpuMs ?? 0);
  const lastReport = reports?.count ?? 0;
  const latencies = arrivals.map(({ latencyMs }) => latencyMs);
  return {
    resultsPerSecond: (arrivals.length * 1000) / wallMs,
    cpuMsPerResult: cpuMs / arrivals.length,
    outsideCpuMsPerResult: (cpuMs - inferenceMs) / arrivals.length,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    results: arrivals.length,
    cpuPercentOutsideDds: (100 * (cpuMs - ddsMs)) / wallMs,
    sent: await ended,
    frames: reports?.between(firstReport, lastReport) ?? [],
  };
}

async function runNode(
  camera: CameraShape,
  rosArguments: readonly string[],
  forSeconds?: number,
  withReports = false,
): Promise<Run> {
  const inference = new InferenceCpu(scratch);
  const env = inference.nodeEnvironment(process.env);
  const node = new NodeProcess(env, ['-r', `image:=${TOPIC}`, ...rosArguments]);
  const user = await RosPeer.start(process.env);
  const listener = new ResultListener(rcl, listenerNode, 'vision_msgs/msg/Classification');
  const reports = withReports ? new FrameReportListener(rcl, listenerNode, `${NODE}/frames`) : undefined;
  try {
    for (const label of ['configure', 'activate'])
      if (!(await user.transition(NODE, label))) throw new Error(node.output);
    const topic = `${NODE}/statistics`;
    await user.ask({ op: 'subscribe', topic, type: 'effvit/msg/PipelineStatistics' });
    await user.match(topic);
    const run = await measure(node.pid, listener, camera, { forSeconds, reports, inference });
    await user.ask({ op: 'take', topic });
    let statistics: Statistics | undefined;
    await waitFor(async () => {
      statistics = (await user.ask<Statistics[]>({ op: 'take', topic })).at(-1);
      return statistics?.in_flight === 0;
    }, 'the last statistics');
    return { ...run, ...(statistics !== undefined && { statistics }) };
  } finally {
    listener.destroy();
    reports?.destroy();
    await user.close();
    await node.end();
  }
}

async function runPeer(camera: CameraShape, modelPath: string, workers: number): Promise<Run> {
  const peer = [modelPath, '--workers', String(workers), '--seconds', String(seconds + 60)];
  // The threads of a session that has its own are not seen.
  const inference = workers > 0 ? new InferenceCpu(scratch) : undefined;
  const command = inference?.pythonCommand(peerScript, peerEnv) ?? { args: [peerScript], env: peerEnv };
  const child: ChildProcess = spawn('python3', [...command.args, ...peer], {
    env: command.env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const listener = new ResultListener(rcl, listenerNode, 'std_msgs/msg/String');
  try {
    return await measure(child.pid ?? 0, listener, camera, { inference });
  } finally {
    listener.destroy();
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

function show(name: string, runs: readonly Run[], note = ''): void {
  const mid = (of: (run: Run) => number) => median(runs.map(of)).toFixed(2);
  console.log(
    `${name.padEnd(28)} ${mid((run) => run.resultsPerSecond)} results/s, ${mid((run) => run.cpuMsPerResult)} ms CPU a result, end to end p50 ${mid((run) => run.p50Ms)} ms, p99 ${mid((run) => run.p99Ms)} ms${note}`,
  );
}

function drops({ statistics }: Run): string {
  const counted = statistics?.dropped.filter(({ count }) => count > 0) ?? [];
  return counted.map(({ cause, count }) => `${cause} ${count}`).join(', ') || 'none';
}

async function madeUpModel(): Promise<string> {
  const path = join(scratch, 'efficientvit_m5.onnx');
  await writeOnnx(path, buildEfficientVit({ variant: 'm5', weights: formulaWeights('m5') }));
  return path;
}

async function againstPeers(hz: number, modelPath: string): Promise<void> {
  const camera = { widthPx: 640, heightPx: 480, hz };
  const bare: Round[] = [];
  const ours: Run[] = [];
  const twoWorkers: Run[] = [];
  const defaults: Run[] = [];
  for (let round = 0; round < rounds; round++) {
    bare.push(await bareRound(modelPath));
    ours.push(await runNode(camera, [...ownParameters, '-p', `model:=${modelPath}`]));
    twoWorkers.push(await runPeer(camera, modelPath, 2));
    defaults.push(await runPeer(camera, modelPath, 0));
  }
  console.log(`640x480 rgb8 at ${hz} Hz, ${rounds} rounds of ${seconds} s, medians`);
  show('effvit, 2 threads', ours, `; drops of the last round: ${ours.map(drops).at(-1)}`);
  show('rclpy, 2 workers', twoWorkers);
  show('rclpy, default session', defaults);
  const rate = (runs: readonly Run[]) => median(runs.map((run) => run.resultsPerSecond));
  console.log(
    `   ratios of results/s: ${(rate(ours) / rate(twoWorkers)).toFixed(2)} and ${(rate(ours) / rate(defaults)).toFixed(2)}`,
  );
  const outside = (runs: readonly Run[]) => median(runs.map((run) => run.outsideCpuMsPerResult));
  console.log(
    `   CPU a result outside inference: ${outside(ours).toFixed(2)} ms, 2 workers ${outside(twoWorkers).toFixed(2)} ms (${(outside(ours) / outside(twoWorkers)).toFixed(2)})`,
  );
  console.log(
    `   two bare sessions, nothing else running: ${median(bare.map(({ fps }) => fps)).toFixed(1)} runs/s, ${median(bare.map(({ cpuMsPerFrame }) => cpuMsPerFrame)).toFixed(2)} ms CPU a run`,
  );
}

/** What inference alone takes with two threads, at the same moment of a machine that others may use too. */
async function bareRound(modelPath: string): Promise<Round> {
  const sessions = await BareSessions.start(modelPath, 2);
  const round = await sessions.round(2000);
  await sessions.end();
  return round;
}

/** A device model without service time: all that is left is ingest, preprocessing and publishing. */
function ingestModel(): string {
  const folder = join(scratch, 'ingest');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'manifest.yaml'),
    `name: ingest
title: No service time
description: Nothing but the way through the node.
licence: Apache-2.0
sources: []
input: { width_px: 224, height_px: 224, layout: nchw, color: rgb, mean: [0, 0, 0], scale: [1, 1, 1] }
preprocess: { resize_mode: stretch, resize_short_side_px: 256, pad_value: 127, range: full }
output: { class_count: 10, activation: logits }
files: {}
device_model:
  rdk-x5: { cores: 1, service_ms: 0, host_ms: 0 }
`,
  );
  return folder;
}

async function ingest(camera: CameraShape, forSeconds: number): Promise<void> {
  const model = ['-p', `model:=${ingestModel()}`, '-p', 'backend:=bpu_sim'];
  const run = await runNode(camera, model, forSeconds);
  const { statistics } = run;
  const received = statistics?.received ?? 0;
  show(
    `ingest ${camera.widthPx}x${camera.heightPx}@${camera.hz}`,
    [run],
    `; ${received} of ${run.sent} arrived (${((100 * received) / run.sent).toFixed(2)} %), drops: ${drops(run)}; ${run.cpuPercentOutsideDds.toFixed(1)} % of a core outside DDS`,
  );
}

/**
 * A camera that is quicker than the device keeps the queue full, so most of the time from stamp to result is the wait
 * for a worker, which the queue's settings decide. What the node itself adds is seen from there on: the device's own
 * time with that many frames in it, against the time from a worker's being free to the result.
 */
async function device(): Promise<void> {
  const threads = 4;
  const camera = { widthPx: 640, heightPx: 480, hz: 200 };
  const { deviceModel } = simulatedBpuSpec(await resolveModel('efficientvit_m5'), { bpuCore: 'any' });
  const ownMs = Math.max((threads * deviceModel.serviceMs) / deviceModel.cores, deviceModel.serviceMs);
  console.log(
    `SIMULATED rdk-x5, ${threads} threads, 640x480 rgb8 at ${camera.hz} Hz; the device itself: ${(1000 / deviceModel.serviceMs).toFixed(1)} frames/s, ${ownMs.toFixed(2)} ms a frame with ${threads} in it (published 174.7 and 22.69)`,
  );
  const settings: readonly (readonly [name: string, ...parameters: string[]])[] = [
    ['queue_size 1 (default)'],
    ['queue_size 4', 'queue_size:=4'],
    ['max_age_ms 8', 'max_age_ms:=8.0'],
  ];
  for (const [name, ...parameters] of settings) {
    const runs: Run[] = [];
    for (let round = 0; round < rounds; round++) {
      const given = ['model:=efficientvit_m5', 'backend:=bpu_sim', `threads:=${threads}`, ...parameters];
      runs.push(
        await runNode(
          camera,
          given.flatMap((parameter) => ['-p', parameter]),
          undefined,
          true,
        ),
      );
    }
    show(`  ${name}`, runs, `; drops of the last round: ${runs.map(drops).at(-1)}`);
    const p50 = (of: (times: FrameTimes) => number): number =>
      median(runs.map(({ frames }) => percentile(frames.map(of), 0.5)));
    const [waitMs, deviceMs, afterMs] = [
      p50(({ queueWaitMs }) => queueWaitMs),
      p50(({ deviceMs }) => deviceMs),
      p50(({ afterQueueMs }) => afterQueueMs),
    ];
    console.log(
      `     p50 of ${runs.reduce((sum, { frames }) => sum + frames.length, 0)} frame reports: queue wait ${waitMs.toFixed(2)} ms, device ${deviceMs.toFixed(2)} ms, free worker to result ${afterMs.toFixed(2)} ms (${(afterMs - ownMs).toFixed(2)} ms over the device's own)`,
    );
  }
}

try {
  if (!existsSync(cameraScript) || !existsSync(peerScript)) {
    console.log(
      `skipped: there is no camera.py and rclpy_classifier.py in ${options.peers}; name their folder with --peers`,
    );
  } else {
    console.log(
      `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, load ${loadavg()[0]?.toFixed(2)}, ${process.env['RMW_IMPLEMENTATION'] ?? 'default middleware'} with config/fastdds.xml`,
    );
    if (parts.includes('device')) await device();
    if (parts.includes('large')) await ingest({ widthPx: 1920, heightPx: 1080, hz: 30 }, seconds);
    if (parts.includes('ingest'))
      await ingest({ widthPx: 640, heightPx: 480, hz: 175 }, Math.max(seconds, 5));
    const modelPath = options.model ?? (await madeUpModel());
    if (parts.includes('peers')) {
      for (const hz of options.hz.split(',')) await againstPeers(Number(hz), modelPath);
    }
    if (parts.includes('slow')) await againstPeers(30, modelPath);
  }
} finally {
  listenerNode.stop();
  listenerNode.destroy();
  rcl.shutdown();
  rmSync(scratch, { recursive: true, force: true });
  // The peers are killed.
  removeDeadSharedMemory(process.env);
}
