import type { Command } from 'commander';
import {
  type ClassifierOptionName,
  type ClassifierOptions,
  classifierOptions,
} from '../classify/classifierOptions.js';
import { compareResults } from '../classify/expectedResults.js';
import { EffvitError, fileError } from '../core/EffvitError.js';
import { totalDropped } from '../stats/FrameAccounting.js';
import type { CommandContext } from './CommandContext.js';
import { readExpected, saveExpected } from './expectedFile.js';
import { addFleetOptions, areManyBags, type FleetOptions, runFleet } from './fleetCommand.js';
import {
  addClassifierOptions,
  forceOption,
  numberParser,
  PICTURE_CHECK_FLAGS,
  pickOptions,
  SCORE_FLAGS,
} from './options.js';
import { checkOutputs, type PlannedOutput } from './outputs/checkOutputs.js';
import { modelInputs } from './outputs/modelInputs.js';
import { parseRateOrMax } from './playbackRate.js';
import { ReplayView, replayJson } from './ReplayView.js';
import { type ReplayRecordingOptions, replayRecording } from './replayRecording.js';
import { addVirtualTimeOptions, virtualTimeOptions } from './virtualTime.js';
import { webOption } from './webOption.js';

const CLASSIFIER_FLAGS = [
  'model',
  'backend',
  'threads',
  'intraOpThreads',
  'onnxBatch',
  'topK',
  'scoreThreshold',
  ...PICTURE_CHECK_FLAGS,
  'maxUnchangedMs',
  ...SCORE_FLAGS,
  'smoothing',
  'smoothingTimeMs',
  'smoothingGapMs',
  'hysteresisMargin',
  'hysteresisTimeMs',
  'resizeMode',
  'resizeFilter',
  'resizeOn',
  'roi',
  'maxRegions',
  'regionMargin',
  'detectionsSlopMs',
  'detectionsWaitMs',
  'detectionsBuffer',
  'detectionsHypotheses',
  'nv12Range',
  'sourceYuvRange',
  'queueSize',
  'dropPolicy',
  'maxAgeMs',
  'orderTimeoutMs',
  'maxBatch',
  'batchWaitMs',
  'maxFps',
  'inferenceTimeoutMs',
  'bpuSimResults',
] as const satisfies readonly ClassifierOptionName[];

type Flags = Pick<ClassifierOptions, (typeof CLASSIFIER_FLAGS)[number]>;

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
    .option('--results', "with --json: every frame's results too")
    .addHelpText('after', '\nExample: effvit replay bags/signs_drive --threads 2 --output results.mcap\n');
  addVirtualTimeOptions(command);
  addFleetOptions(command);
  addClassifierOptions(command, CLASSIFIER_FLAGS);
  command.action(async (paths: readonly string[], options: ReplayOptions) => {
    const classifying = classifierOptions({
      ...pickOptions(options, CLASSIFIER_FLAGS),
      // At full speed every frame is still classified; at a set rate, a full queue drops frames as in the node.
      ...(options.rate === 'max' && { dropPolicy: 'block', maxFps: 0 }),
      ...virtualTimeOptions(options, options.rate, options),
    });
    if (await areManyBags(paths, options)) {
      refuseForMany(options);
      const { tolerance } = options;
      const judge =
        options.expectBeside === true ? ({ sidecar: 'expected.json', tolerance } as const) : undefined;
      const { topic: topics, detectionsTopics: detections } = options;
      const work = { command: 'replay', paths, topics, detections, classifying, judge } as const;
      return await runFleet(work, options, context);
    }
    if (options.expectBeside === true) {
      throw new EffvitError('BAD_ARGUMENT', '--expect-beside is for many bags: give one bag --expect FILE.');
    }
    const [path = ''] = paths;
    await checkReplayOutputs(path, options);
    const expected = options.expect === undefined ? undefined : await readExpected(options.expect);
    const summary = await replayRecording(path, options, classifying, context);
    const compared =
      expected === undefined
        ? summary
        : { ...summary, differences: compareResults(expected.frames, summary.results, options.tolerance) };
    if (options.saveExpected !== undefined && !context.signal.aborted) {
      await saveExpected(options.saveExpected, compared);
    }
    if (options.json === true) context.terminal.json(replayJson(compared, options.results === true));
    else new ReplayView(context.terminal).showSummary(compared);
    if ((compared.differences?.length ?? 0) > 0) context.exitCode = 1;
    if (summary.counts.published === 0 && !context.signal.aborted) {
      throw fileError(
        'BAD_BAG',
        path,
        `gave no result: ${summary.counts.received} frames were received and ${totalDropped(summary.counts)} dropped`,
      );
    }
  });
}

/** Rejects options that apply to a single bag only. @throws EffvitError BAD_ARGUMENT */
function refuseForMany(options: ReplayOptions): void {
  const { rate, output, expect, saveExpected, results, web } = options;
  const given = Object.entries({
    '--rate': rate !== 'max',
    '--output': output !== undefined,
    '--expect': expect !== undefined,
    '--save-expected': saveExpected !== undefined,
    '--results': results === true,
    '--web': web !== undefined,
  }).filter(([, isGiven]) => isGiven);
  if (given.length === 0) return;
  throw new EffvitError(
    'BAD_ARGUMENT',
    `${given.map(([flag]) => flag).join(', ')} is for one bag without --output-dir: replay that bag alone.`,
  );
}

/** @throws EffvitError BAD_ARGUMENT */
async function checkReplayOutputs(bagPath: string, options: ReplayOptions): Promise<void> {
  const { output, report, saveExpected, expect, model, force } = options;
  const outputs: PlannedOutput[] = [];
  if (output !== undefined) outputs.push({ option: '--output', path: output, kind: 'bag' });
  if (report !== undefined) outputs.push({ option: '--report', path: report, kind: 'html' });
  if (saveExpected !== undefined)
    outputs.push({ option: '--save-expected', path: saveExpected, kind: 'expected' });
  if (outputs.length === 0) return;
  const inputs = [bagPath, ...(expect === undefined ? [] : [expect]), ...(await modelInputs(model))];
  await checkOutputs({ inputs, outputs, isForced: force === true });
}
