import { extname } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { ClassifierModel } from '../classify/Classifier.js';
import {
  type ClassifierOptionName,
  type ClassifierOptions,
  classifierOptions,
} from '../classify/classifierOptions.js';
import { loadModel } from '../classify/loadModel.js';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { snakeCased } from '../core/keyCase.js';
import { readInput } from '../core/readInput.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { readBoardMonitor } from '../inference/bpu/BoardMonitor.js';
import { detectChip } from '../inference/bpu/detectChip.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import { BPU_CHIPS, type BpuChip } from '../model/BpuChip.js';
import type { PublishedFigures } from '../model/ModelManifest.js';
import { MAX_BATCH, MAX_THREADS } from '../pool/PoolOptions.js';
import { type BenchChartData, type BenchPoint, benchChart } from '../report/charts/benchChart.js';
import { type BatchSeries, batchMeanings } from '../report/perf/batchTable.js';
import { estimatedFigures } from '../report/perf/figureColumns.js';
import { measurePool } from '../report/perf/measurePool.js';
import type { PerfSeries } from '../report/perf/PerfSeries.js';
import {
  comparePerf,
  type EarlierPerf,
  machineJson,
  parseEarlierPerf,
  seriesJson,
} from '../report/perf/perfJson.js';
import { perfMeanings } from '../report/perf/perfMeanings.js';
import { comparePublished } from '../report/perf/performanceTable.js';
import { profilerLog, vendorReport } from '../report/perf/vendorReport.js';
import type { CommandContext } from './CommandContext.js';
import { deviceMeter } from './deviceMeter.js';
import { addClassifierOptions, forceOption, numberParser, pickOptions } from './options.js';
import { checkOutputs } from './outputs/checkOutputs.js';
import { modelInputs } from './outputs/modelInputs.js';
import { type BenchResult, showBench } from './showBench.js';
import { chartOutput, writeChart } from './writeChart.js';

const CLASSIFIER_FLAGS = [
  'model',
  'backend',
  'intraOpThreads',
  'onnxBatch',
  'bpuPriority',
  'bpuSimResults',
  'inferenceTimeoutMs',
] as const satisfies readonly ClassifierOptionName[];

type Flags = Pick<ClassifierOptions, (typeof CLASSIFIER_FLAGS)[number]>;

/** hrt_model_exec's core numbers as values of the option bpuCore. */
const CORES = ['any', '0', '1'] as const;
const DEFAULT_THREADS = [1, 4, 8];
const MS_PER_S = 1000;
/** Number of threads for the latency under load, if the published figures name none. */
const MULTI_THREADS = 4;

interface BenchOptions extends Flags {
  readonly threads: readonly number[];
  readonly batch?: readonly number[];
  readonly frameCount: number;
  readonly perfTime?: number;
  readonly coreId: number;
  readonly warmUp: number;
  readonly repetitions: number;
  readonly profile?: string;
  readonly compare?: string;
  readonly chart?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `effvit bench`: latency and frames a second for several numbers of threads, in the format of hrt_model_exec perf. */
export function registerBench(command: Command, context: CommandContext): void {
  command
    .option(
      '--threads <numbers>',
      'numbers of threads, 1 to 16 each, as 1,4,8 or 1-16',
      parseThreads,
      DEFAULT_THREADS,
    )
    .option('--batch <numbers>', 'frames a task, as 1,2,4: each with each number of threads', parseBatches)
    .option('--frame-count <n>', 'frames a repetition', numberParser(1, 1e7, true), 200)
    .option(
      '--perf-time <seconds>',
      'so long a repetition, instead of a number of frames',
      numberParser(0.01, 86_400),
    )
    .option(
      '--core-id <n>',
      'BPU core: 0 any, 1 core 0, 2 core 1',
      numberParser(0, CORES.length - 1, true),
      0,
    )
    .option('--warm-up <n>', 'frames before the first repetition', numberParser(0, 1e6, true), 100)
    .option('--repetitions <n>', 'repetitions; the median is reported', numberParser(1, 1000, true), 3)
    .option(
      '--profile <file>',
      "profiler.log as the vendor's tool writes it; with several numbers of threads one file each",
    )
    .option('--compare <file>', 'an earlier run (written with --json) to compare with')
    .option('--chart <file>', 'draw frames a second and latency over the threads (.png, .svg, .html)')
    .addOption(forceOption())
    .option('--json', 'one JSON object instead of reports')
    .addHelpText(
      'after',
      '\nExamples:\n  effvit bench --backend bpu_sim\n  effvit bench --backend bpu_sim --threads 1-16 --chart scaling.svg\n  effvit bench --backend bpu --threads 1,4,8 --json > board.json\n',
    );
  addClassifierOptions(command, CLASSIFIER_FLAGS);
  command.action(async (options: BenchOptions) => {
    await checkBenchOutputs(options);
    const earlier = options.compare === undefined ? undefined : await readEarlier(options.compare);
    const classifying = classifierOptions({
      ...pickOptions(options, CLASSIFIER_FLAGS),
      bpuCore: CORES[options.coreId] ?? 'any',
    });
    const result = await measure(classifying, options, earlier, context);
    // Results are shown first, so that a file that cannot be written does not lose them.
    if (options.json === true) context.terminal.json(benchJson(result, options));
    else showBench(result, context.terminal);
    if (options.profile !== undefined) await writeProfiles(options.profile, result, options.coreId);
    if (options.chart !== undefined) await writeChart(options.chart, benchChart(chartData(result)));
  });
}

/** @throws EffvitError BAD_ARGUMENT for a batch that the model was not compiled for */
function requestedBatches(
  { backend, manifest }: ClassifierModel,
  asked: readonly number[] | undefined,
): readonly number[] {
  if (asked === undefined) return [];
  const more =
    backend.kind === 'bpu_sim'
      ? (backend.deviceModel.batches ?? [])
      : backend.kind === 'bpu'
        ? (backend.models ?? [])
        : [];
  const known = [...new Set([1, ...more.map(({ batch }) => batch)])];
  const unknown = asked.find((batch) => !known.includes(batch));
  if (unknown === undefined) return asked;
  throw new EffvitError(
    'BAD_ARGUMENT',
    `${manifest.name} has no tasks of ${unknown} frames on this backend, only of ${known.join(', ')}: compile it with \`effvit compile --batch\`, and take --backend bpu or bpu_sim.`,
    { context: { model: manifest.name } },
  );
}

/** @throws EffvitError BAD_ARGUMENT */
async function checkBenchOutputs({
  chart,
  profile,
  threads,
  compare,
  model,
  force,
}: BenchOptions): Promise<void> {
  const outputs = chartOutput(chart);
  if (profile !== undefined) {
    for (const path of profilePaths(profile, threads))
      outputs.push({ option: '--profile', path, kind: 'profile' });
  }
  if (outputs.length === 0) return;
  const inputs = [...(compare === undefined ? [] : [compare]), ...(await modelInputs(model))];
  await checkOutputs({ inputs, outputs, isForced: force === true });
}

async function measure(
  classifying: ClassifierOptions,
  options: BenchOptions,
  earlier: EarlierPerf | undefined,
  { terminal, signal }: CommandContext,
): Promise<BenchResult> {
  const model = await loadModel(classifying, { notice: (text) => terminal.note(text), signal });
  const { backend, manifest } = model;
  const series: PerfSeries[] = [];
  const batches: BatchSeries[] = [];
  let info: LoadedModelInfo | undefined;
  const sizes = requestedBatches(model, options.batch);
  const measureOne = (threads: number, batch: number) =>
    measurePool({
      backend,
      manifest,
      threads,
      batch,
      frameCount: options.frameCount,
      repetitions: options.repetitions,
      warmUpFrames: options.warmUp,
      runTimeoutMs: classifying.inferenceTimeoutMs,
      meter: deviceMeter(backend),
      signal,
      onRun: (done, of) =>
        terminal.progress(
          batch === 1 ? `${threads} threads` : `${threads} threads, batch ${batch}`,
          done,
          of,
        ),
      ...(options.perfTime !== undefined && { perfTimeMs: options.perfTime * MS_PER_S }),
    });
  for (const threads of options.threads) {
    const measured = await measureOne(threads, 1);
    info = measured.info;
    series.push(measured.series);
    for (const batch of sizes) {
      const one = batch === 1 ? measured : await measureOne(threads, batch);
      batches.push({ batch, series: one.series });
    }
    if (options.json !== true) {
      if (info.isSimulated) terminal.line(terminal.yellow(`SIMULATED: ${info.runtime}`));
      terminal.line(vendorReport(measured.series));
      terminal.line();
    }
  }
  if (info === undefined) throw new RangeError('No number of threads was measured.');
  const chip =
    backend.kind === 'bpu_sim' ? backend.chip : (detectChip() ?? publishedChip(manifest.published));
  return {
    model,
    info,
    chip,
    published: chip === undefined ? undefined : manifest.published[chip],
    series,
    batches,
    meanings: [
      ...perfMeanings(series, deviceName(info)),
      ...batchMeanings(batches, chip === undefined ? undefined : manifest.deviceModels[chip]),
    ],
    board: readBoardMonitor(),
    comparison: earlier === undefined ? undefined : { earlier, changes: comparePerf(series, earlier) },
  };
}

function benchJson(
  { model, info, chip, published, series, batches, meanings, board, comparison }: BenchResult,
  options: BenchOptions,
) {
  const estimated = estimatedFigures(
    chip === undefined ? undefined : model.manifest.deviceModels[chip],
    published?.multiThreadCount ?? MULTI_THREADS,
  );
  return {
    tool: 'effvit bench',
    version: 1,
    model: model.manifest.name,
    backend: info.backend,
    simulated: info.isSimulated,
    runtime: info.runtime,
    class_count: info.classCount,
    ...(chip !== undefined && { chip }),
    ...(model.backend.kind === 'bpu_sim' && { device_model: snakeCased(model.backend.deviceModel) }),
    core_id: options.coreId,
    warm_up_frames: options.warmUp,
    machine: machineJson(),
    board: snakeCased(board),
    series: series.map(seriesJson),
    ...(batches.length > 0 && {
      batches: batches.map(({ batch, series: one }) => ({ batch, ...seriesJson(one) })),
    }),
    ...(published !== undefined && { published: snakeCased(published) }),
    ...(estimated !== undefined && { estimated: snakeCased(estimated) }),
    deviations: comparePublished(series, published),
    meanings,
    ...(comparison !== undefined && {
      compared_with: {
        model: comparison.earlier.model,
        backend: comparison.earlier.backend,
        simulated: comparison.earlier.simulated,
      },
      changes: snakeCased(comparison.changes),
    }),
  };
}

function chartData({ model, info, published, series, batches }: BenchResult): BenchChartData {
  const { cpu, cores } = machineJson();
  const sizes = [...new Set(batches.map(({ batch }) => batch))].filter((batch) => batch > 1);
  return {
    model: model.manifest.name,
    runtime: info.runtime,
    machine: `${cpu}, ${cores} cores`,
    isSimulated: info.isSimulated,
    points: series.map(benchPoint),
    ...(sizes.length > 0 && {
      batches: sizes.map((batch) => ({
        batch,
        points: batches.filter((one) => one.batch === batch).map((one) => benchPoint(one.series)),
      })),
    }),
    ...(published !== undefined && { published: quotedFigures(published) }),
  };
}

function benchPoint({ threads, median, framesPerSecondRange }: PerfSeries): BenchPoint {
  return {
    threads,
    framesPerSecond: median.framesPerSecond,
    framesPerSecondRange,
    latencyMeanMs: median.latencyMs.mean,
    latencyP95Ms: median.latencyMs.p95,
  };
}

function quotedFigures(published: PublishedFigures): NonNullable<BenchChartData['published']> {
  const { source, singleThreadLatencyMs, multiThreadLatencyMs, multiThreadCount, maxFps } = published;
  return {
    source,
    ...(maxFps !== undefined && { maxFramesPerSecond: maxFps }),
    latencies: [
      ...(singleThreadLatencyMs === undefined ? [] : [{ threads: 1, latencyMs: singleThreadLatencyMs }]),
      ...(multiThreadLatencyMs === undefined || multiThreadCount === undefined
        ? []
        : [{ threads: multiThreadCount, latencyMs: multiThreadLatencyMs }]),
    ],
  };
}

/** One file for each number of threads. */
function profilePaths(path: string, threads: readonly number[]): string[] {
  if (threads.length === 1) return [path];
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  return threads.map((count) => `${stem}.${count}${extension}`);
}

async function writeProfiles(
  path: string,
  { series, model, info }: BenchResult,
  coreId: number,
): Promise<void> {
  const paths = profilePaths(
    path,
    series.map(({ threads }) => threads),
  );
  for (const [index, one] of series.entries()) {
    await writeFileAtomic(
      paths[index] ?? path,
      profilerLog(one, model.manifest.name, coreId, info.isSimulated),
    );
  }
}

async function readEarlier(path: string): Promise<EarlierPerf> {
  try {
    return parseEarlierPerf((await readInput(path)).toString(), path);
  } catch (error) {
    throw asEffvitError(error, 'BAD_ARGUMENT', `${path} cannot be read`, { file: path });
  }
}

function publishedChip(published: Readonly<Partial<Record<BpuChip, PublishedFigures>>>): BpuChip | undefined {
  return BPU_CHIPS.find((chip) => published[chip] !== undefined);
}

function deviceName({ backend }: LoadedModelInfo): string {
  switch (backend) {
    case 'bpu':
      return 'BPU';
    case 'bpu_sim':
      return 'simulated BPU';
    case 'onnx':
      return 'CPU';
  }
}

/** `1,4,8` or `1-16` or both. */
function parseThreads(text: string): number[] {
  const threads = text.split(',').flatMap((part) => {
    const [, first = '', last = first] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    if (first === '' || Number(last) < Number(first) || Number(last) > MAX_THREADS) return [Number.NaN];
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
  });
  if (threads.every((count) => count >= 1 && count <= MAX_THREADS)) return [...new Set(threads)];
  throw new InvalidArgumentError(
    `Expected integers from 1 to ${MAX_THREADS} with commas between them, or a range like 1-${MAX_THREADS}, but received ${text}.`,
  );
}

function parseBatches(text: string): number[] {
  const sizes = text.split(',').map((part) => Number(part.trim() === '' ? Number.NaN : part));
  if (sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= MAX_BATCH)) {
    return [...new Set(sizes)].sort((a, b) => a - b);
  }
  throw new InvalidArgumentError(
    `Expected integers from 1 to ${MAX_BATCH} with commas between them, but received ${text}.`,
  );
}
