import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClassifierOptions } from '../../../src/classify/classifierOptions.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import type { RclModule, RclNode } from '../../../src/ros/rcl/rcl.js';
import { loadRcl } from '../../../src/ros/rcl/rosEnvironment.js';
import { NodeProcess } from '../../helpers/NodeProcess.js';
import type { Statistics } from '../../helpers/NodeUnderTest.js';
import { RosPeer, waitFor } from '../../helpers/RosPeer.js';
import { removeDeadSharedMemory } from '../../helpers/removeDeadSharedMemory.js';
import {
  BenchCameras,
  type CameraPictures,
  type CameraShape,
  cameraPictures,
  cameraTopics,
  imageTopic,
} from './benchCameras.js';
import { type Answers, agreeingShare, correctShare, expectedAnswers } from './expectedAnswers.js';
import { FrameReportListener } from './FrameReportListener.js';
import { InferenceCpu } from './InferenceCpu.js';
import { LoopDelay } from './LoopDelay.js';
import { ResultListener } from './ResultListener.js';
import { percentile, type Run } from './Run.js';
import { cpuBetween, threadCpu } from './threadCpu.js';

const NODE = '/classifier';
const NS_PER_MS = 1e6;

export interface RosBenchOptions {
  readonly seconds: number;
  readonly rounds: number;
  /** V8 compiles what runs often, some seconds after it began to. */
  readonly warmUpSeconds: number;
  /** Where the peer finds cv2 and onnxruntime. */
  readonly pythonPath: string;
}

/** How the node is run. */
export interface NodeSetup {
  /** By which its answers are checked; they are its parameters too. */
  readonly options: Partial<Pick<ClassifierOptions, 'model' | 'backend' | 'threads'>>;
  /** Further ROS arguments. */
  readonly arguments?: readonly string[];
  /** ~/frames is listened to and the event loop watched, which costs the node something. */
  readonly isWatched?: boolean;
}

/** The processes of a measurement: cameras, the node or its peer, and this one, which listens. Nothing is pinned. */
export class RosBench {
  readonly scratch = mkdtempSync(join(tmpdir(), 'effvit-bench-ros-'));
  readonly options: RosBenchOptions;
  readonly #rcl: RclModule;
  readonly #listenerNode: RclNode;
  readonly #pictures = new Map<string, Promise<CameraPictures>>();
  readonly #answers = new Map<string, Promise<Answers>>();

  private constructor(rcl: RclModule, options: RosBenchOptions) {
    this.#rcl = rcl;
    this.options = options;
    this.#listenerNode = new rcl.Node('bench_listener');
    this.#listenerNode.spin();
  }

  static async start(options: RosBenchOptions): Promise<RosBench> {
    // Before ROS is loaded: the middleware reads its settings from the environment of the process.
    process.env['ROS_DOMAIN_ID'] = String(1 + (process.pid % 100));
    process.env['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST';
    for (const name of ['FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'])
      process.env[name] = packagePath('config', 'fastdds.xml');
    const rcl = await loadRcl();
    await rcl.init();
    return new RosBench(rcl, options);
  }

  close(): void {
    this.#listenerNode.stop();
    this.#listenerNode.destroy();
    this.#rcl.shutdown();
    rmSync(this.scratch, { recursive: true, force: true });
    // The peers are killed.
    removeDeadSharedMemory(process.env);
  }

  async runNode(camera: CameraShape, setup: NodeSetup): Promise<Run> {
    const pictures = await this.pictures(camera);
    const answers = await this.answers(camera, setup.options);
    const inference = new InferenceCpu(this.scratch);
    const loop = setup.isWatched === true ? new LoopDelay(this.scratch) : undefined;
    const counted = inference.nodeEnvironment(process.env);
    const { options } = setup;
    const parameters = Object.entries(options).flatMap(([name, value]) => ['-p', `${name}:=${value}`]);
    const topics = ['-p', `image_topics:=[${cameraTopics(camera.count ?? 1).join(',')}]`];
    const rosArguments = [...topics, ...parameters, ...(setup.arguments ?? [])];
    const node = new NodeProcess(loop?.nodeEnvironment(counted) ?? counted, rosArguments);
    const user = await RosPeer.start(process.env);
    const listener = new ResultListener(this.#rcl, this.#listenerNode, 'vision_msgs/msg/Classification');
    const reports =
      setup.isWatched === true
        ? new FrameReportListener(this.#rcl, this.#listenerNode, `${NODE}/frames`)
        : undefined;
    try {
      for (const label of ['configure', 'activate'])
        if (!(await user.transition(NODE, label))) throw new Error(node.output);
      const topic = `${NODE}/statistics`;
      await user.ask({ op: 'subscribe', topic, type: 'effvit/msg/PipelineStatistics' });
      await user.match(topic);
      const { run, arrivals } = await this.#measure(camera, pictures, {
        pid: node.pid,
        listener,
        inference,
        ...(reports !== undefined && { reports }),
        ...(loop !== undefined && { loop }),
      });
      await user.ask({ op: 'take', topic });
      let statistics: Statistics | undefined;
      await waitFor(async () => {
        statistics = (await user.ask<Statistics[]>({ op: 'take', topic })).at(-1);
        return statistics?.in_flight === 0;
      }, 'the last statistics');
      const rightShare = correctShare(arrivals, answers);
      if (rightShare < 1) {
        throw new Error(
          `${((1 - rightShare) * 100).toFixed(2)} % of the node's answers are not what the same frames give in process.`,
        );
      }
      return { ...run, rightShare, ...(statistics !== undefined && { statistics }) };
    } finally {
      listener.destroy();
      reports?.destroy();
      await user.close();
      await node.end();
    }
  }

  /** The classifier that a user would write. @param script of its Python program @param workers 0: a session's own threads. */
  async runPeer(camera: CameraShape, script: string, modelPath: string, workers: number): Promise<Run> {
    const pictures = await this.pictures(camera);
    const answers = await this.answers(camera, { model: modelPath });
    const arguments_ = [
      modelPath,
      '--workers',
      String(workers),
      '--seconds',
      String(this.options.seconds + 60),
    ];
    // The threads of a session that has its own are not seen.
    const inference = workers > 0 ? new InferenceCpu(this.scratch) : undefined;
    const pythonPath = [this.options.pythonPath, process.env['PYTHONPATH'] ?? ''].filter(
      (path) => path !== '',
    );
    const peerEnv = { ...process.env, PYTHONPATH: pythonPath.join(':') };
    const isPlain = camera.encoding === 'rgb8';
    const program = isPlain ? script : packagePath('test', 'bench', 'ros', 'peer_formats.py');
    const format = isPlain ? [] : [camera.encoding, script];
    const topic = ['--topic', imageTopic(camera, cameraTopics(1)[0] ?? '')];
    const command = inference?.pythonCommand(program, peerEnv) ?? { args: [program], env: peerEnv };
    const child: ChildProcess = spawn('python3', [...command.args, ...format, ...arguments_, ...topic], {
      env: command.env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const listener = new ResultListener(this.#rcl, this.#listenerNode, 'std_msgs/msg/String');
    try {
      const { run, arrivals } = await this.#measure(camera, pictures, {
        pid: child.pid ?? 0,
        listener,
        ...(inference !== undefined && { inference }),
      });
      return { ...run, rightShare: agreeingShare(arrivals, answers) };
    } finally {
      listener.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }

  pictures(camera: CameraShape): Promise<CameraPictures> {
    const { encoding, widthPx, heightPx } = camera;
    return kept(this.#pictures, `${encoding} ${widthPx} ${heightPx}`, () =>
      cameraPictures(camera, this.scratch),
    );
  }

  answers(camera: CameraShape, options: NodeSetup['options']): Promise<Answers> {
    const { encoding, widthPx, heightPx } = camera;
    const { model = '', backend = '' } = options;
    return kept(this.#answers, `${encoding} ${widthPx} ${heightPx} ${model} ${backend}`, async () =>
      expectedAnswers((await this.pictures(camera)).frames, options),
    );
  }

  async #measure(camera: CameraShape, pictures: CameraPictures, of: Measured) {
    const { pid, listener, inference, reports, loop } = of;
    const { seconds, warmUpSeconds } = this.options;
    const cameras = new BenchCameras(camera, pictures, warmUpSeconds + seconds + 2);
    await waitFor(async () => listener.count > 0, 'the first result');
    await delay(warmUpSeconds * 1000);
    await loop?.takeP99Ms(pid);
    const first = listener.count;
    const firstReport = reports?.count ?? 0;
    const startMs = performance.now();
    const before = threadCpu(pid);
    const inferenceBefore = inference?.totals().cpuMs ?? Number.NaN;
    await delay(seconds * 1000);
    const arrivals = listener.since(first);
    const wallMs = performance.now() - startMs;
    const cpu = cpuBetween(before, threadCpu(pid));
    const inferenceMs = (inference?.totals().cpuMs ?? Number.NaN) - inferenceBefore;
    const lastReport = reports?.count ?? 0;
    const loopDelayP99Ms = (await loop?.takeP99Ms(pid)) ?? Number.NaN;
    const latencies = arrivals.map(({ latencyMs }) => latencyMs);
    const perResult = (ns: number): number => ns / NS_PER_MS / arrivals.length;
    const run: Omit<Run, 'rightShare'> = {
      results: arrivals.length,
      resultsPerSecond: (arrivals.length * 1000) / wallMs,
      cpuMsPerResult: perResult(cpu.allNs),
      outsideCpuMsPerResult: perResult(cpu.allNs) - inferenceMs / arrivals.length,
      mainCpuMsPerResult: perResult(cpu.mainNs),
      middlewareCpuMsPerResult: perResult(cpu.middlewareNs),
      othersCpuMsPerResult: perResult(cpu.othersNs),
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      loopDelayP99Ms,
      sent: await cameras.sent(),
      frames: reports?.between(firstReport, lastReport) ?? [],
    };
    return { run, arrivals };
  }
}

interface Measured {
  readonly pid: number;
  readonly listener: ResultListener;
  readonly inference?: InferenceCpu;
  readonly reports?: FrameReportListener;
  readonly loop?: LoopDelay;
}

function kept<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  const known = values.get(key);
  if (known !== undefined) return known;
  const made = make();
  values.set(key, made);
  return made;
}
