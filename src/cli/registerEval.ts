import type { Command } from 'commander';
import { Classifier } from '../classify/Classifier.js';
import {
  type CalibrationFit,
  checkFitSize,
  EvaluationScores,
  type EvaluationScoresReport,
} from '../classify/calibration/EvaluationScores.js';
import { type EvaluationReport, EvaluationTally } from '../classify/EvaluationTally.js';
import { checkKnownScore } from '../classify/FrameJudge.js';
import { type LabelledPicture, readLabelledPictures } from '../classify/labelledPictures.js';
import { loadModel } from '../classify/loadModel.js';
import { leftOutSentence, picturesAt } from '../classify/pictureFiles.js';
import { asEffvitError, badArgument, EffvitError } from '../core/EffvitError.js';
import { plainTable } from '../core/plainTable.js';
import { pictureFrame } from '../image/pictureFrame.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { ownManifestPath, writeTemperature } from '../model/writeTemperature.js';
import type { CommandContext } from './CommandContext.js';
import { addFleetOptions, areManyBags, type FleetOptions, runFleet } from './fleetCommand.js';
import {
  addClassifierOptions,
  classifierOptionsOf,
  type FlagValues,
  forceOption,
  INPUT_FLAGS,
  refuseGiven,
  SCORE_FLAGS,
} from './options.js';
import { checkOutputs } from './outputs/checkOutputs.js';
import { manifestInputs } from './outputs/inputFiles.js';
import { isBagPath, pictureInputs } from './outputs/pictureInputs.js';
import { evalScoresJson, showEvalScores } from './showEvalScores.js';

const CLASSIFIER_FLAGS = [
  'model',
  'backend',
  'threads',
  'onnxBatch',
  ...INPUT_FLAGS,
  'bpuSimResults',
  'inferenceTimeoutMs',
  ...SCORE_FLAGS,
] as const;

const CLASSES_SHOWN = 40;
const CONFUSIONS_SHOWN = 10;

interface EvalOptions extends FlagValues<typeof CLASSIFIER_FLAGS>, FleetOptions {
  readonly topic?: readonly string[];
  readonly json?: boolean;
  readonly calibrate?: boolean;
  readonly output?: string;
  readonly others?: string;
}

/** `effvit eval LIST`: top-1 and top-5 on labelled pictures. */
export function registerEval(command: Command, context: CommandContext): void {
  command
    .argument(
      '<list...>',
      'a text file of "path index" lines, or a folder with one folder a class; or bags with their truth.json: bags, folders of them, patterns, @list',
    )
    .option('--json', 'one JSON object instead of tables')
    .option(
      '--calibrate',
      "fit the temperature to the pictures and write it into the model's own manifest.yaml, or into --output",
    )
    .option('--output <file>', 'with --calibrate: the manifest.yaml to write')
    .option('--others <path>', 'a folder or list of pictures of none of the classes, for known_score')
    .option('--topic <name...>', 'with bags: image topics; default all')
    .option('--quiet', 'with bags: no line for each')
    .option('--report <file>', 'with bags: write the HTML page here')
    .addOption(forceOption());
  // Still pictures need no frame rate, so the default is the filter closest to a model's own evaluation.
  addFleetOptions(command);
  addClassifierOptions(command, CLASSIFIER_FLAGS, { resizeFilter: 'antialias' });
  command.action(async (paths: readonly string[], options: EvalOptions) => {
    const classifying = classifierOptionsOf(options, CLASSIFIER_FLAGS, { topK: 5, dropPolicy: 'block' });
    const [path = ''] = paths;
    if ((await isBagPath(path)) || (await areManyBags(paths, options))) {
      refuseGiven(options, ['calibrate', 'output', 'others'], 'is for pictures: leave it out with bags');
      const judge = { sidecar: 'truth.json' } as const;
      const work = { command: 'eval', paths, topics: options.topic, classifying, judge } as const;
      return await runFleet(work, options, context);
    }
    const { calibrate = false, output, others: othersPath } = options;
    if (output !== undefined && !calibrate) {
      throw badArgument(`--output ${output} is for --calibrate: give both, or neither.`);
    }
    const forBags = ['topic', 'quiet', 'report', ...(calibrate ? [] : (['force'] as const))] as const;
    refuseGiven(options, forBags, 'is for bags: leave it out with pictures');
    const { terminal, signal } = context;
    const model = await loadModel(classifying, { notice: (text) => terminal.note(text), signal });
    checkKnownScore(model.manifest, classifying);
    const manifestPath = calibrate ? await calibratedManifestPath(model.manifest, path, options) : undefined;
    // UNKNOWN pictures count for the accuracy too, and are also counted separately.
    const classifier = await Classifier.start(model, { ...classifying, knownScore: 'none', signal });
    try {
      const { pictures, leftOut } = await readLabelledPictures(path, classifier.labels);
      if (manifestPath !== undefined) checkFitSize(pictures.length, classifier.info.classCount);
      const others = othersPath === undefined ? [] : await picturesAt(othersPath);
      const notice = leftOutSentence(leftOut, path);
      if (notice !== undefined) terminal.note(notice);
      const scores = new EvaluationScores(classifier.manifest, classifying, manifestPath !== undefined);
      const evaluation = await evaluatePictures(classifier, { pictures, others }, scores, context);
      if (signal.aborted) return;
      show(evaluation, leftOut, classifier, options, context);
      if (manifestPath !== undefined && evaluation.scores.fit !== undefined) {
        await storeTemperature(evaluation.scores.fit, manifestPath, classifier.manifest, context);
      }
      // An evaluation with missing pictures must not pass unnoticed.
      if (evaluation.problems.length > 0) context.exitCode = 1;
    } finally {
      await classifier.close();
    }
  });
}

/** Result of evaluating pictures. */
interface PictureEvaluation {
  readonly report: EvaluationReport;
  readonly scores: EvaluationScoresReport;
  /** One sentence per picture that could not be evaluated. */
  readonly problems: readonly string[];
}

/** Classifies all pictures; one that fails is reported, and the others continue. */
async function evaluatePictures(
  classifier: Classifier,
  set: { readonly pictures: readonly LabelledPicture[]; readonly others: readonly string[] },
  scores: EvaluationScores,
  { terminal, signal }: CommandContext,
): Promise<PictureEvaluation> {
  const tally = new EvaluationTally(classifier.labels);
  const problems: string[] = [];
  const all = [...set.pictures, ...set.others.map((path) => ({ path, classIndex: undefined }))];
  let done = 0;
  for (const { path, classIndex } of all) {
    if (signal.aborted) break;
    await classifier.ready();
    try {
      const frame = await pictureFrame(path, signal);
      void classifier.classify(frame, { keepLogits: true }).then((outcome) => {
        done++;
        terminal.progress('evaluating', done, all.length);
        if (outcome.kind !== 'result') {
          problems.push(outcome.error?.message ?? `${path} gave no result: ${outcome.cause}.`);
          return;
        }
        const { value, logits = new Float32Array(0) } = outcome;
        if (classIndex === undefined) scores.addOther(logits);
        else {
          tally.add(classIndex, value);
          scores.add(logits, classIndex);
        }
      });
    } catch (thrown) {
      done++;
      problems.push(asEffvitError(thrown).message);
    }
  }
  await classifier.drain();
  return { report: tally.report(), scores: scores.report(), problems };
}

/** Path of the manifest that will get the temperature; called before the work starts. @throws EffvitError BAD_ARGUMENT */
async function calibratedManifestPath(
  manifest: ModelManifest,
  list: string,
  { output, force, others }: EvalOptions,
): Promise<string> {
  await checkOutputs({
    inputs: async () => [...(await pictureInputs([list, others])), ...(await manifestInputs(manifest))],
    outputs: [{ option: '--output', path: output, kind: 'manifest' }],
    isForced: force,
  });
  return output ?? (await ownManifestPath(manifest));
}

/** Writes a fitted temperature; one at a bound of its range is only reported. */
async function storeTemperature(
  { temperature, isAtBound }: CalibrationFit,
  path: string,
  manifest: ModelManifest,
  { terminal }: CommandContext,
): Promise<void> {
  if (isAtBound) {
    terminal.warn(
      `The likelihood of these pictures has no maximum at any temperature, as where all of them are right, so none was written to ${path}: calibrate with more pictures, and with such that were not trained on.`,
    );
    return;
  }
  await writeTemperature(manifest, temperature, path);
  terminal.note(`The temperature was written to ${path}.`);
}

/** @param leftOut number of files that are not pictures, by kind. */
function show(
  { report, scores, problems }: PictureEvaluation,
  leftOut: ReadonlyMap<string, number>,
  classifier: Classifier,
  options: EvalOptions,
  { terminal }: CommandContext,
): void {
  const { info, manifest } = classifier;
  if (options.json === true) {
    terminal.json({
      model: manifest.name,
      backend: info.backend,
      simulated: info.isSimulated,
      pictures: report.pictures,
      top1_percent: report.top1Percent,
      top5_percent: report.top5Percent,
      classes: report.classes,
      confusions: report.confusions,
      ...evalScoresJson(scores),
      problems,
      left_out: Object.fromEntries(leftOut),
    });
  } else {
    for (const problem of problems) terminal.warn(problem);
    const shown = report.classes.slice(0, CLASSES_SHOWN);
    const rows = shown.map(({ label, pictures, ...percent }) => [
      ...[label, String(pictures)],
      ...[percent.top1Percent, percent.top5Percent].map((value) => value.toFixed(2)),
    ]);
    terminal.line(plainTable(['class, worst first', 'pictures', 'top-1 %', 'top-5 %'], rows));
    const left = report.classes.length - shown.length;
    if (left > 0) terminal.line(`... and ${left} more classes (all of them with --json)`);
    for (const { truth, predicted, pictures } of report.confusions.slice(0, CONFUSIONS_SHOWN)) {
      terminal.line(`  ${truth} taken for ${predicted}: ${pictures}`);
    }
    terminal.line(
      `${manifest.name} on ${info.runtime}${info.isSimulated ? ' (SIMULATED)' : ''}: top-1 ${terminal.bold(`${report.top1Percent.toFixed(2)} %`)}, top-5 ${report.top5Percent.toFixed(2)} % of ${report.pictures} pictures`,
    );
    if (report.pictures > 0) showEvalScores(scores, terminal);
  }
  if (report.pictures === 0) {
    throw new EffvitError(
      'BAD_IMAGE',
      `None of the pictures could be classified: ${problems[0] ?? 'the list is empty'}`,
    );
  }
}
