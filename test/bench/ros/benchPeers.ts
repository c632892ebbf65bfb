import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packagePath } from '../../../src/core/packageRoot.js';
import { ensureOnnx } from '../../../src/fetch/ensureOnnx.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import { BareSessions, type Round } from '../BareSessions.js';
import { median } from '../median.js';
import type { BenchReport } from './BenchReport.js';
import { describeCameras } from './benchCameras.js';
import type { RosBench } from './RosBench.js';
import { interleaved, type Run } from './Run.js';

const MODEL = 'efficientvit_m5_signs';
const OURS = 'effvit, 2 threads';
const CAREFUL = 'rclpy, 2 workers';
const TUTORIAL = 'rclpy, default session';

export interface PeerOptions {
  /** rclpy_classifier.py; absent: the node alone. */
  readonly script: string | undefined;
  readonly hz: readonly number[];
  readonly model: string | undefined;
  readonly nodeArguments: readonly string[];
}

/** What is to be reached against the two peers at a rate; a quotient of medians each. */
const AIMS: Readonly<Record<number, { careful?: number; tutorial?: number; cpu?: number; p99: number }>> = {
  30: { p99: 0.9 },
  120: { careful: 1.15, tutorial: 1.55, cpu: 0.5, p99: 0.9 },
  240: { careful: 1.25, tutorial: 1.6, cpu: 0.5, p99: 0.9 },
};

export async function benchPeers(bench: RosBench, report: BenchReport, options: PeerOptions): Promise<void> {
  const modelPath = options.model ?? (await bundledOnnx());
  for (const hz of options.hz) {
    const camera = { encoding: 'rgb8', widthPx: 640, heightPx: 480, hz } as const;
    const bare: Round[] = [];
    const ours = async (): Promise<Run> => {
      bare.push(await bareRound(modelPath));
      return await bench.runNode(camera, { options: { model: modelPath }, arguments: options.nodeArguments });
    };
    const runs = await interleaved(bench.options.rounds, {
      [OURS]: ours,
      ...peersOf(bench, camera, modelPath, options.script),
    });
    report.compare(`${describeCameras(camera)}, ${MODEL_NAMES.float}`, runs);
    report.note(
      `two bare sessions, nothing else running: ${median(bare.map(({ fps }) => fps)).toFixed(1)} runs/s, ${median(bare.map(({ cpuMsPerFrame }) => cpuMsPerFrame)).toFixed(2)} ms CPU a run`,
    );
    addGoals(report, hz, runs);
  }
}

/** The same for cameras that send other pictures, faster than anybody keeps up with. */
export async function benchFormats(
  bench: RosBench,
  report: BenchReport,
  { script, model, nodeArguments }: PeerOptions,
): Promise<void> {
  const modelPath = model ?? (await bundledOnnx());
  for (const camera of [
    { encoding: 'jpeg', widthPx: 640, heightPx: 480, hz: 240 },
    { encoding: 'nv12', widthPx: 960, heightPx: 544, hz: 240 },
  ] as const) {
    const runs = await interleaved(bench.options.rounds, {
      [OURS]: () => bench.runNode(camera, { options: { model: modelPath }, arguments: nodeArguments }),
      ...peersOf(bench, camera, modelPath, script),
    });
    report.compare(`${describeCameras(camera)}, ${MODEL_NAMES.float}`, runs);
  }
}

const MODEL_NAMES = { float: 'EfficientViT-M5 in float32', int8: 'EfficientViT-M5 in int8' } as const;

/** The quantised model and the float one, at a rate that nobody keeps up with. */
export async function benchInt8(bench: RosBench, report: BenchReport, options: PeerOptions): Promise<void> {
  const camera = { encoding: 'rgb8', widthPx: 640, heightPx: 480, hz: 400 } as const;
  const float = options.model ?? (await bundledOnnx());
  const int8 = quantized(bench.scratch);
  const node = (model: string) => () =>
    bench.runNode(camera, { options: { model }, arguments: options.nodeArguments });
  const named = (name: string, path: string) =>
    Object.fromEntries(
      Object.entries(peersOf(bench, camera, path, options.script)).map(([peer, run]) => [
        `${peer}, ${name}`,
        run,
      ]),
    );
  const runs = await interleaved(bench.options.rounds, {
    [`${OURS}, float32`]: node(float),
    [`${OURS}, int8`]: node(int8),
    ...named('float32', float),
    ...named('int8', int8),
  });
  report.compare(`${describeCameras(camera)}, ${MODEL_NAMES.float} and ${MODEL_NAMES.int8}`, runs);
}

function peersOf(
  bench: RosBench,
  camera: Parameters<RosBench['runPeer']>[0],
  modelPath: string,
  script: string | undefined,
): Record<string, () => Promise<Run>> {
  if (script === undefined) return {};
  return {
    [CAREFUL]: () => bench.runPeer(camera, script, modelPath, 2),
    [TUTORIAL]: () => bench.runPeer(camera, script, modelPath, 0),
  };
}

function addGoals(report: BenchReport, hz: number, runs: Readonly<Record<string, readonly Run[]>>): void {
  const aims = AIMS[hz];
  if (aims === undefined || runs[CAREFUL] === undefined) return;
  const ratio = (of: (run: Run) => number, peer: string): number =>
    median((runs[OURS] ?? []).map(of)) / median((runs[peer] ?? []).map(of));
  const least = (what: string, measured: number, aim: number | undefined): void => {
    if (aim !== undefined) report.goal({ what: `${hz} Hz: ${what}`, measured, aim, isAtMost: false });
  };
  const most = (what: string, measured: number, aim: number | undefined): void => {
    if (aim !== undefined) report.goal({ what: `${hz} Hz: ${what}`, measured, aim, isAtMost: true });
  };
  const rate = (run: Run): number => run.resultsPerSecond;
  least('results/s against the careful peer', ratio(rate, CAREFUL), aims.careful);
  least('results/s against the tutorial peer', ratio(rate, TUTORIAL), aims.tutorial);
  most(
    'CPU a result beyond inference against the careful peer',
    ratio((run) => run.outsideCpuMsPerResult, CAREFUL),
    aims.cpu,
  );
  most(
    'end to end p99 against the careful peer',
    ratio((run) => run.p99Ms, CAREFUL),
    aims.p99,
  );
}

async function bundledOnnx(): Promise<string> {
  return await ensureOnnx(await resolveModel(MODEL));
}

/** What inference alone takes with two threads, at the same moment of a machine that others may use too. */
async function bareRound(modelPath: string): Promise<Round> {
  const sessions = await BareSessions.start(modelPath, 2);
  const round = await sessions.round(2000);
  await sessions.end();
  return round;
}

/** By the command that a user would give. */
function quantized(scratch: string): string {
  const path = join(scratch, 'int8', 'efficientvit_m5_int8.onnx');
  const args = ['quantize', packagePath('config', 'efficientvit_m5.yaml'), '--model', MODEL];
  const done = spawnSync(
    process.execPath,
    [
      packagePath('bin', 'effvit.cjs'),
      ...args,
      '--calibration',
      packagePath('bags', 'signs_drive'),
      '--speed-rounds',
      '0',
      '--output',
      path,
    ],
    { encoding: 'utf8' },
  );
  if (done.status !== 0) throw new Error(`effvit quantize failed: ${done.stderr}`);
  return path;
}
