import type { Command } from 'commander';
import { openBag } from '../bag/openBag.js';
import { ResultBagWriter } from '../bag/ResultBagWriter.js';
import { frameResults, type ReplayedFrame, replayBag } from '../bag/replayBag.js';
import { Classifier } from '../classify/Classifier.js';
import {
  type ClassifierOptionName,
  type ClassifierOptions,
  classifierOptions,
} from '../classify/classifierOptions.js';
import {
  compareResults,
  type ExpectedResults,
  type FrameResults,
  parseExpectedResults,
} from '../classify/expectedResults.js';
import { loadModel } from '../classify/loadModel.js';
import { SharedFrameIds } from '../classify/SharedFrameIds.js';
import { ClassChanges } from '../classify/smoothing/ClassChanges.js';
import { EffvitError } from '../core/EffvitError.js';
import { readInput } from '../core/readInput.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { ReplayReportCollector } from '../report/replay/ReplayReportCollector.js';
import { totalDropped } from '../stats/FrameAccounting.js';
import type { CommandContext } from './CommandContext.js';
import { addFleetOptions, areManyBags, type FleetOptions, runFleet } from './fleetCommand.js';
import { MissingResults } from './MissingResults.js';
import { addClassifierOptions, forceOption, numberParser, pickOptions } from './options.js';
import { checkOutputs, type PlannedOutput } from './outputs/checkOutputs.js';
import { modelInputs } from './outputs/modelInputs.js';
import { parseRateOrMax } from './playbackRate.js';
import { type ReplaySummary, ReplayView, replayJson } from './ReplayView.js';
import { UnreadableFrames } from './UnreadableFrames.js';
import { writeReplayReport } from './writeReplayReport.js';

const CLASSIFIER_FLAGS = [
  'model',
  'backend',
  'threads',
  'intraOpThreads',
  'topK',
  'scoreThreshold',
  'pictureChecks',
  'minBrightness',
  'maxBrightness',
  'minContrast',
  'minSharpness',
  'maxFlatShare',
  'maxUnchangedMs',
  'temperature',
  'knownScore',
  'knownScoreThreshold',
  'smoothing',
  'smoothingTimeMs',
  'smoothingGapMs',
  'hysteresisMargin',
  'hysteresisTimeMs',
  'resizeMode',
  'resizeFilter',
  'resizeOn',
  'roi',
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

const FRAME_ID_REMEDY = "take the camera's topic from effvit/FrameReport, which --output writes too";

interface ReplayOptions extends Flags, FleetOptions {
  readonly topic?: readonly string[];
  readonly rate: number | 'max';
  readonly output?: string;
  readonly report?: string;
  readonly expect?: string;
  readonly expectBeside?: boolean;
  readonly saveExpected?: string;
  readonly tolerance: number;
  readonly results?: boolean;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** `effvit replay BAG`: sends a recording through the pipeline, as fast as possible or at its recorded pace. */
export function registerReplay(command: Command, context: CommandContext): void {
  command
    .argument('<bag...>', 'rosbag2 folder or storage file; many: folders of them, patterns, @list')
    .option('--topic <name...>', 'image topics; default all')
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
    .option('--quiet', 'no lines for each frame')
    .option('--json', 'one JSON object instead of text')
    .option('--results', "with --json: every frame's results too")
    .addHelpText('after', '\nExample: effvit replay bags/signs_drive --threads 2 --output results.mcap\n');
  addFleetOptions(command);
  addClassifierOptions(command, CLASSIFIER_FLAGS);
  command.action(async (paths: readonly string[], options: ReplayOptions) => {
    const classifying = classifierOptions({
      ...pickOptions(options, CLASSIFIER_FLAGS),
      // At full speed every frame is still classified; at a set rate, a full queue drops frames as in the node.
      ...(options.rate === 'max' && { dropPolicy: 'block', maxFps: 0 }),
    });
    if (await areManyBags(paths, options)) {
      refuseForMany(options);
      const { tolerance } = options;
      const judge =
        options.expectBeside === true ? ({ sidecar: 'expected.json', tolerance } as const) : undefined;
      const work = { command: 'replay', paths, topics: options.topic, classifying, judge } as const;
      return await runFleet(work, options, context);
    }
    if (options.expectBeside === true) {
      throw new EffvitError('BAD_ARGUMENT', '--expect-beside is for many bags: give one bag --expect FILE.');
    }
    const [path = ''] = paths;
    await checkReplayOutputs(path, options);
    const expected = options.expect === undefined ? undefined : await readExpected(options.expect);
    const summary = await replay(path, options, classifying, context);
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
      throw new EffvitError(
        'BAD_BAG',
        `${path} gave no result: ${summary.counts.received} frames were received and ${totalDropped(summary.counts)} dropped.`,
        { context: { file: path } },
      );
    }
  });
}

/** Rejects options that apply to a single bag only. @throws EffvitError BAD_ARGUMENT */
function refuseForMany({ rate, output, expect, saveExpected, results }: ReplayOptions): void {
  const given = Object.entries({
    '--rate': rate !== 'max',
    '--output': output !== undefined,
    '--expect': expect !== undefined,
    '--save-expected': saveExpected !== undefined,
    '--results': results === true,
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

async function replay(
  path: string,
  options: ReplayOptions,
  classifying: ClassifierOptions,
  { terminal, signal }: CommandContext,
): Promise<ReplaySummary> {
  const bag = await openBag(path);
  let classifier: Classifier | undefined;
  let results: ResultBagWriter | undefined;
  const unreadable = new UnreadableFrames();
  const sharedFrameIds = new SharedFrameIds();
  /** Whether the frame failed for a reason that was already reported. */
  const isRepeated = ({ outcome }: ReplayedFrame): boolean =>
    outcome.kind === 'dropped' &&
    outcome.cause === 'bad_image' &&
    !unreadable.add(outcome.header.source, outcome.error?.message ?? '');
  try {
    // Called before the model is loaded, so that a wrong topic fails without the loading time.
    const images = bag.imageFrames(options.topic === undefined ? {} : { topics: options.topic });
    const model = await loadModel(classifying, { notice: (text) => terminal.note(text), signal });
    classifier = await Classifier.start(model, {
      signal,
      ...classifying,
      sourceCount: new Set<unknown>(options.topic ?? bag.imageTopics()).size,
    });
    const collector =
      options.report === undefined ? undefined : new ReplayReportCollector(classifier.preprocess);
    const view = new ReplayView(terminal);
    const isShown = options.json !== true && options.quiet !== true;
    if (isShown) view.showStart(path, classifier, bag.startNs);
    const missing = new MissingResults(classifying.scoreThreshold);
    const frames: ReplayedFrame[] = [];
    const changes = classifying.smoothing === 'none' ? undefined : new ClassChanges();
    results =
      options.output === undefined ? undefined : await ResultBagWriter.create(options.output, classifier);
    const { elapsedNs } = await replayBag({
      images,
      classifier,
      rate: options.rate,
      signal,
      keepNv12: collector !== undefined,
      onFrame: async (frame) => {
        frames.push(withoutPixels(frame));
        missing.add(frame.outcome);
        const { kind, header } = frame.outcome;
        if (kind === 'result') changes?.add(header, frame.outcome);
        const shared = kind === 'result' ? sharedFrameIds.check(header, FRAME_ID_REMEDY) : undefined;
        if (shared !== undefined) terminal.warn(shared);
        await collector?.add(frame);
        if (!isRepeated(frame) && isShown) view.showFrame(frame);
        await results?.write(frame);
      },
    });
    // Also after an abort: the results until then form a complete recording.
    await results?.close();
    for (const sentence of missing.sentences(isShown)) terminal.warn(sentence);
    const counts = classifier.counts();
    const fps = elapsedNs === 0 ? 0 : counts.published / (elapsedNs / 1e9);
    if (collector !== undefined && options.report !== undefined) {
      await writeReplayReport(options.report, collector, classifier, {
        bagPath: path,
        rate: options.rate,
        fps,
        isStopped: signal.aborted,
      });
    }
    return {
      bagPath: path,
      counts,
      stages: classifier.statistics.summary(),
      fps,
      model: classifier.manifest.name,
      backend: classifier.info.backend,
      isSimulated: classifier.info.isSimulated,
      runtime: classifier.info.runtime,
      threads: classifying.threads,
      results: inOrder(frames),
      ...(changes !== undefined && { changes: changes.bySource() }),
      ...(results !== undefined && { outputPath: results.path }),
      ...(options.report !== undefined && { reportPath: options.report }),
    };
  } catch (error) {
    await results?.abort();
    throw error;
  } finally {
    // After an error too: damage to the bag is often the reason.
    for (const warning of [...bag.warnings, ...unreadable.sentences()]) terminal.warn(warning);
    await classifier?.close();
    await bag.close();
  }
}

/** The frame without its network input, which would fill the memory over thousands of frames. */
function withoutPixels(frame: ReplayedFrame): ReplayedFrame {
  if (frame.outcome.kind === 'dropped' || frame.outcome.nv12 === undefined) return frame;
  const { nv12: _, ...outcome } = frame.outcome;
  return { ...frame, outcome };
}

/** Sorts by the recording's order: with several threads the cameras' outcomes interleave differently in each run. */
function inOrder(frames: readonly ReplayedFrame[]): FrameResults[] {
  return frameResults([...frames].sort((a, b) => a.sequence - b.sequence));
}

async function readExpected(path: string): Promise<ExpectedResults> {
  const bytes = await readInput(path).catch((cause: unknown) => {
    throw new EffvitError(
      'NOT_FOUND',
      `There is no file ${path}: write it first with --save-expected ${path}.`,
      { context: { file: path }, cause },
    );
  });
  return parseExpectedResults(bytes.toString(), path);
}

async function saveExpected(path: string, summary: ReplaySummary): Promise<void> {
  const content: ExpectedResults = { version: 1, model: summary.model, frames: summary.results };
  await writeFileAtomic(path, `${JSON.stringify(content, undefined, 1)}\n`);
}
