import { basename } from 'node:path';
import type { Command } from 'commander';
import { annotatePicture, encodePng, pictureOutline } from '../annotate/annotatePicture.js';
import { Classifier } from '../classify/Classifier.js';
import type { ClassResult } from '../classify/ClassResult.js';
import { loadModel } from '../classify/loadModel.js';
import { asEffvitError, badArgument, EffvitError } from '../core/EffvitError.js';
import { snakeCased } from '../core/keyCase.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import type { CompressedImageFrame, ImageFrame } from '../image/ImageFrame.js';
import { nv12ToRgb } from '../image/nv12ToRgb.js';
import { pictureFrame } from '../image/pictureFrame.js';
import type { FrameResult } from '../pool/FrameOutcome.js';
import type { CommandContext } from './CommandContext.js';
import {
  addClassifierOptions,
  classifierOptionsOf,
  type FlagValues,
  forceOption,
  INPUT_FLAGS,
  PICTURE_CHECK_FLAGS,
  SCORE_FLAGS,
} from './options.js';
import { checkOutputs } from './outputs/checkOutputs.js';
import { modelInputs } from './outputs/inputFiles.js';
import { pictureArguments } from './pictureArguments.js';
import { resultLines } from './resultLines.js';

const CLASSIFIER_FLAGS = [
  'model',
  'backend',
  'topK',
  'scoreThreshold',
  ...PICTURE_CHECK_FLAGS,
  ...SCORE_FLAGS,
  ...INPUT_FLAGS,
  'bpuSimResults',
  'inferenceTimeoutMs',
] as const;

/** Fewer pictures finish before a progress bar can be read. */
const FEW_PICTURES = 3;

interface ClassifyOptions extends FlagValues<typeof CLASSIFIER_FLAGS> {
  readonly json?: boolean;
  readonly annotate?: string;
  readonly showInput?: boolean;
  readonly force?: boolean;
}

type Classified = FrameResult<readonly ClassResult[]>;

/** `effvit classify PICTURE...`: top-k of JPEG, PNG, WebP and AVIF files. */
export function registerClassify(command: Command, context: CommandContext): void {
  command
    .argument('<picture...>', 'pictures, folders of pictures, or lists: texts with a path a line')
    .option('--json', 'one JSON object a line instead of text')
    .option('--annotate <file>', 'write one picture with its results beside it as a PNG')
    .option('--show-input', 'with --annotate: what the network sees, after resize and NV12, too')
    .addOption(forceOption())
    .addHelpText(
      'after',
      '\nExample: effvit classify --top-k 3 photo.jpg\nExample: effvit classify photos/ --json\nExample: effvit classify photo.jpg --annotate result.png --show-input\n',
    );
  // Still pictures need no frame rate, so the default is the filter closest to a model's own evaluation.
  addClassifierOptions(command, CLASSIFIER_FLAGS, { resizeFilter: 'antialias' });
  command.action(async (given: string[], options: ClassifyOptions) => {
    const { paths: pictures, notices } = await pictureArguments(given);
    checkAnnotation(pictures, options);
    const classifying = classifierOptionsOf(options, CLASSIFIER_FLAGS, { threads: 1 });
    const { terminal, signal } = context;
    await checkOutputs({
      inputs: async () => [...pictures, ...(await modelInputs(options.model))],
      outputs: [{ option: '--annotate', path: options.annotate, kind: 'png' }],
      isForced: options.force,
    });
    for (const notice of notices) terminal.note(notice);
    const model = await loadModel(classifying, { notice: (text) => terminal.note(text), signal });
    const classifier = await Classifier.start(model, { ...classifying, signal });
    try {
      // Sequential, so that the timings of a picture are not affected by others.
      for (const [index, path] of pictures.entries()) {
        if (signal.aborted) break;
        if (pictures.length > FEW_PICTURES) terminal.progress('classifying', index, pictures.length);
        try {
          const frame = await pictureFrame(path, signal);
          const outcome = await classify(classifier, frame, options);
          if (options.annotate !== undefined) {
            await writeAnnotated(options.annotate, frame, outcome, classifier);
          }
          show(path, outcome, options, context);
        } catch (thrown) {
          if (signal.aborted) break;
          // One bad file does not stop the others, but the command fails.
          context.exitCode = 1;
          terminal.error(asEffvitError(thrown).message);
        }
      }
    } finally {
      await classifier.close();
    }
  });
}

function checkAnnotation(pictures: readonly string[], { annotate, showInput }: ClassifyOptions): void {
  if (showInput === true && annotate === undefined) {
    throw badArgument('Expected --annotate FILE with --show-input: name the PNG to write.');
  }
  if (annotate === undefined) return;
  if (pictures.length > 1) {
    throw badArgument(
      `Expected one picture with --annotate but received ${pictures.length}: annotate them one by one.`,
    );
  }
  if (!annotate.toLowerCase().endsWith('.png')) {
    throw badArgument(`Expected a .png file for --annotate but received ${annotate}.`, { file: annotate });
  }
}

async function classify(
  classifier: Classifier,
  frame: ImageFrame,
  { showInput }: ClassifyOptions,
): Promise<Classified> {
  const outcome = await classifier.classify(frame, { keepNv12: showInput === true });
  if (outcome.kind === 'result') return outcome;
  throw (
    outcome.error ??
    new EffvitError('INFERENCE_FAILED', `${frame.source} gave no result: ${outcome.cause}.`, {
      context: { source: frame.source },
    })
  );
}

async function writeAnnotated(
  path: string,
  frame: CompressedImageFrame,
  { value, timings, widthPx, heightPx, region, nv12 }: Classified,
  classifier: Classifier,
): Promise<void> {
  const { info, manifest, preprocess } = classifier;
  const simulated = info.isSimulated ? ', SIMULATED' : '';
  const annotated = await annotatePicture({
    picture: frame.data,
    results: value,
    title: basename(frame.source),
    subtitle: `${manifest.name} (${info.backend}${simulated}), ${(timings.inferenceNs / 1e6).toFixed(1)} ms, ${widthPx} x ${heightPx} px`,
    outlines: region && [pictureOutline(region, { widthPx, heightPx })],
    networkInput: nv12 && {
      rgb: nv12ToRgb(nv12, preprocess.widthPx, preprocess.heightPx, preprocess.range),
      widthPx: preprocess.widthPx,
      heightPx: preprocess.heightPx,
    },
  });
  await writeFileAtomic(path, await encodePng(annotated));
}

function show(
  path: string,
  classified: Classified,
  options: ClassifyOptions,
  { terminal }: CommandContext,
): void {
  const { widthPx, heightPx, value, timings, picture, knownScore, unknownCauses: unknown } = classified;
  const ms = (valueNs: number): number => Math.round(valueNs / 1e3) / 1e3;
  const timingsMs = {
    decode: ms(timings.decodeNs),
    preprocess: ms(timings.preprocessNs),
    inference: ms(timings.inferenceNs),
    postprocess: ms(timings.postprocessNs),
    total: ms(timings.totalNs),
  };
  if (options.json === true) {
    terminal.json({
      file: path,
      width: widthPx,
      height: heightPx,
      results: value,
      // The requested values besides the results.
      ...(snakeCased({
        picture: picture && { ...picture.figures, contentHash: undefined, problems: picture.problems },
        knownScore,
        unknown,
      }) as object),
      timings_ms: timingsMs,
    });
    return;
  }
  const { decode, preprocess, inference } = timingsMs;
  const times = `decode ${decode} ms, preprocess ${preprocess} ms, inference ${inference} ms`;
  terminal.line(`${terminal.bold(path)}  ${widthPx}x${heightPx}  ${terminal.dim(times)}`);
  for (const line of resultLines(classified, terminal)) terminal.line(line);
}
