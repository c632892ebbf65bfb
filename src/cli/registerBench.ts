import type { Command } from 'commander';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { readInput } from '../core/readInput.js';
import { MAX_BATCH, MAX_THREADS } from '../pool/PoolOptions.js';
import { benchChart } from '../report/charts/benchChart.js';
import { type EarlierPerf, parseEarlierPerf } from '../report/perf/perfJson.js';
import { benchChartData, benchJson, profilePaths, writeProfiles } from './benchOutputs.js';
import type { CommandContext } from './CommandContext.js';
import { type MeasuredBench, measureBench } from './measureBench.js';
import {
  addClassifierOptions,
  classifierOptionsOf,
  type FlagValues,
  forceOption,
  integersParser,
  numberParser,
} from './options.js';
import { checkOutputs } from './outputs/checkOutputs.js';
import { modelInputs } from './outputs/inputFiles.js';
import { showBench } from './showBench.js';
import { chartOutput, writeChart } from './writeChart.js';

const CLASSIFIER_FLAGS = [
  'model',
  'backend',
  'intraOpThreads',
  'onnxBatch',
  'bpuPriority',
  'bpuSimResults',
  'inferenceTimeoutMs',
] as const;

/** hrt_model_exec's core numbers as values of the option bpuCore. */
const CORES = ['any', '0', '1'] as const;

interface BenchOptions extends FlagValues<typeof CLASSIFIER_FLAGS>, MeasuredBench {
  readonly coreId: number;
  readonly profile?: string;
  readonly compare?: string;
  readonly chart?: string;
  readonly force?: boolean;
}

/** `effvit bench`: latency and frames a second for several numbers of threads, in the format of hrt_model_exec perf. */
export function registerBench(command: Command, context: CommandContext): void {
  command
    .option(
      '--threads <numbers>',
      'numbers of threads, 1 to 16 each, as 1,4,8 or 1-16',
      integersParser(1, MAX_THREADS),
      [1, 4, 8],
    )
    .option(
      '--batch <numbers>',
      'frames a task, as 1,2,4: each with each number of threads',
      integersParser(1, MAX_BATCH),
    )
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
    const bpuCore = CORES[options.coreId] ?? 'any';
    const classifying = classifierOptionsOf(options, CLASSIFIER_FLAGS, { bpuCore });
    const result = await measureBench(classifying, options, earlier, context);
    // Results are shown first, so that a file that cannot be written does not lose them.
    if (options.json === true) context.terminal.json(benchJson(result, options));
    else showBench(result, context.terminal);
    if (options.profile !== undefined) await writeProfiles(options.profile, result, options.coreId);
    if (options.chart !== undefined) await writeChart(options.chart, benchChart(benchChartData(result)));
  });
}

/** @throws EffvitError BAD_ARGUMENT */
async function checkBenchOutputs({ chart, profile, threads, ...options }: BenchOptions): Promise<void> {
  const profiles = profile === undefined ? [] : profilePaths(profile, threads);
  await checkOutputs({
    inputs: async () => [options.compare ?? [], await modelInputs(options.model)].flat(),
    outputs: [
      chartOutput(chart),
      ...profiles.map((path) => ({ option: '--profile', path, kind: 'profile' }) as const),
    ],
    isForced: options.force,
  });
}

async function readEarlier(path: string): Promise<EarlierPerf> {
  try {
    return parseEarlierPerf((await readInput(path)).toString(), path);
  } catch (error) {
    const isUnreadable = error instanceof EffvitError && error.code === 'IO_FAILED';
    const reason = isUnreadable ? error.cause : error;
    throw asEffvitError(reason, 'BAD_ARGUMENT', `${path} cannot be read`, { file: path });
  }
}
