import type { Command } from 'commander';
import {
  CLASSIFIER_OPTIONS,
  type ClassifierOptionName,
  type ClassifierOptions,
} from '../classify/classifierOptions.js';
import { compareResults, type ExpectedResults, parseExpectedResults } from '../classify/expectedResults.js';
import { badArgument, fileError } from '../core/EffvitError.js';
import { readInput } from '../core/readInput.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { totalDropped } from '../stats/FrameAccounting.js';
import type { CommandContext } from './CommandContext.js';
import { addFleetOptions, areManyBags, type FleetOptions, runFleet } from './fleetCommand.js';
import {
  addClassifierOptions,
  classifierOptionsOf,
  forceOption,
  numberParser,
  parseRateOrMax,
  refuseGiven,
  webOption,
} from './options.js';
import { checkOutputs } from './outputs/checkOutputs.js';
import { modelInputs } from './outputs/inputFiles.js';
import { type ReplayRecordingOptions, replayRecording } from './replayRecording.js';
import { type ReplaySummary, replayJson, showReplay } from './replaySummary.js';
import { addVirtualTimeOptions, virtualTimeOptions } from './virtualTime.js';

/** Frames are always published in order; the BPU's core and priority are for a node beside others. */
const NOT_OFFERED = ['ordered', 'bpuCore', 'bpuPriority'] as const satisfies readonly ClassifierOptionName[];

type Flags = Omit<ClassifierOptions, (typeof NOT_OFFERED)[number]>;

const CLASSIFIER_FLAGS = (Object.keys(CLASSIFIER_OPTIONS) as ClassifierOptionName[]).filter(
  (name): name is keyof Flags => !NOT_OFFERED.some((one) => one === name),
);

interface ReplayOptions extends Flags, Omit<FleetOptions, 'report'>, ReplayRecordingOptions {
  readonly expect?: string;
  readonly expectBeside?: boolean;
  readonly saveExpected?: string;
  readonly tolerance: number;
  readonly results?: boolean;
  readonly force?: boolean;
}

/** `effvit replay BAG`: sends a recording through the pipeline, as fast as possible or at its recorded pace. */
export function registerReplay(command: Command, context: CommandContext): void {
  command
    .argument('<bag...>', 'rosbag2 folder or storage file; many: folders of them, patterns, @list')
    .option('--topic <name...>', 'image topics; default all')
    .option(
      '--detections-topics <name...>',
      'topics of detectors (vision_msgs/Detection2DArray) whose boxes are classified instead of whole frames: one for all cameras, or one per camera in the order of --topic',
    )
    .option('--rate <factor>', 'max, or a factor of the original pace such as 1.0', parseRateOrMax, 'max')
    .option(
      '--output <file>',
      'write the results as an MCAP bag (vision_msgs/Classification, effvit/FrameReport)',
    )
    .option('--report <file>', 'write one HTML page that shows the frames, their results and the latencies')
    .option('--expect <file>', 'compare with the results in this file; exit 1 if they differ')
    .option(
      '--expect-beside',
      'many bags: compare each with expected.json in its folder, or NAME.expected.json beside the file; exit 1 if they differ',
    )
    .option('--save-expected <file>', 'write the results for a later --expect')
    .option(
      '--tolerance <score>',
      'largest difference of a score with --expect or --expect-beside',
      numberParser(0, 1),
      0.01,
    )
    .addOption(forceOption())
    .addOption(webOption())
    .option('--quiet', 'no lines for each frame')
    .option('--json', 'one JSON object instead of text')
    .option('--results', "with --json: every frame's results too");
  addVirtualTimeOptions(command);
  addFleetOptions(command);
  addClassifierOptions(command, CLASSIFIER_FLAGS);
  command.action(async (paths: readonly string[], options: ReplayOptions) => {
    const classifying = classifierOptionsOf(options, CLASSIFIER_FLAGS, {
      // At full speed every frame is still classified; at a set rate, a full queue drops frames as in the node.
      ...(options.rate === 'max' && { dropPolicy: 'block', maxFps: 0 }),
      ...virtualTimeOptions(options, options.rate, options),
    });
    if (await areManyBags(paths, options)) {
      const rate = options.rate === 'max' ? undefined : options.rate;
      const forOne = ['rate', 'output', 'expect', 'saveExpected', 'results', 'web'] as const;
      refuseGiven({ ...options, rate }, forOne, 'is for one bag without --output-dir: replay that bag alone');
      const { tolerance } = options;
      const judge =
        options.expectBeside === true ? ({ sidecar: 'expected.json', tolerance } as const) : undefined;
      const { topic: topics, detectionsTopics: detections } = options;
      const work = { command: 'replay', paths, topics, detections, classifying, judge } as const;
      return await runFleet(work, options, context);
    }
    if (options.expectBeside === true) {
      throw badArgument('--expect-beside is for many bags: give one bag --expect FILE.');
    }
    const [path = ''] = paths;
    await checkReplayOutputs(path, options);
    const expected = options.expect === undefined ? undefined : await readExpected(options.expect);
    const summary = await replayRecording(path, options, classifying, context);
    const { counts, results } = summary;
    const differences = expected && compareResults(expected.frames, results, options.tolerance);
    if (options.saveExpected !== undefined && !context.signal.aborted) {
      await saveExpected(options.saveExpected, summary);
    }
    if (options.json === true)
      context.terminal.json(replayJson(summary, differences, options.results === true));
    else showReplay(summary, options.report, differences, context.terminal);
    if (differences !== undefined && differences.length > 0) context.exitCode = 1;
    if (counts.published === 0 && !context.signal.aborted) {
      const frames = `${counts.received} frames were received and ${totalDropped(counts)} dropped`;
      throw fileError('BAD_BAG', path, `gave no result: ${frames}`);
    }
  });
}

/** @throws EffvitError BAD_ARGUMENT */
async function checkReplayOutputs(bagPath: string, options: ReplayOptions): Promise<void> {
  const { output, report, saveExpected, expect, model, force } = options;
  await checkOutputs({
    inputs: async () => [bagPath, expect ?? [], await modelInputs(model)].flat(),
    outputs: [
      { option: '--output', path: output, kind: 'bag' },
      { option: '--report', path: report, kind: 'html' },
      { option: '--save-expected', path: saveExpected, kind: 'expected' },
    ],
    isForced: force,
  });
}

/** @throws EffvitError NOT_FOUND, IO_FAILED, and as parseExpectedResults */
async function readExpected(path: string): Promise<ExpectedResults> {
  const missing = `There is no file ${path}: write it first with --save-expected ${path}.`;
  return parseExpectedResults((await readInput(path, { missing })).toString(), path);
}

/** @throws EffvitError IO_FAILED */
async function saveExpected(path: string, { model, results: frames }: ReplaySummary): Promise<void> {
  const content: ExpectedResults = { version: 1, model, frames };
  await writeFileAtomic(path, `${JSON.stringify(content, undefined, 1)}\n`);
}
