import type { Command } from 'commander';
import { Classifier, type ClassifyOutcome } from '../classify/Classifier.js';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { fillParameters, type ParameterName } from '../core/parameters.js';
import type { CommandContext } from './CommandContext.js';
import { loadModel } from './loadModel.js';
import { addParameterOptions, parametersFromOptions } from './options.js';
import { pictureFrame } from './pictureFrame.js';
import { resultLines } from './resultLines.js';

const PARAMETER_FLAGS = [
  'model',
  'backend',
  'top_k',
  'score_threshold',
  'resize_mode',
  'resize_filter',
  'nv12_range',
] as const satisfies readonly ParameterName[];

interface ClassifyOptions {
  readonly json?: boolean;
}

type Classified = Extract<ClassifyOutcome, { kind: 'result' }>;

/** `effvit classify PICTURE...`: top-k of JPEG and PNG files. */
export function registerClassify(program: Command, context: CommandContext): void {
  const command = program
    .command('classify')
    .description('Classify pictures (JPEG, PNG).')
    .argument('<picture...>', 'picture files')
    .option('--json', 'one JSON object a line instead of text')
    .addHelpText('after', '\nExample: effvit classify --top-k 3 photo.jpg\n');
  // Still pictures have no frame rate to keep: the filter that is closest to a model's own evaluation.
  addParameterOptions(command, PARAMETER_FLAGS, { resize_filter: 'area' });
  command.action(async (pictures: string[], options: ClassifyOptions) => {
    const parameters = fillParameters({
      ...parametersFromOptions(options as Readonly<Record<string, unknown>>, PARAMETER_FLAGS),
      threads: 1,
    });
    const { terminal, signal } = context;
    const model = await loadModel(parameters, { notice: (text) => terminal.warn(text), signal });
    const classifier = await Classifier.start({ model, parameters });
    try {
      // One after the other: the timings of a picture are then its own.
      for (const path of pictures) {
        if (signal.aborted) break;
        try {
          show(path, await classify(classifier, path), options, context);
        } catch (thrown) {
          // One bad file does not stop the others, but the command has failed.
          context.exitCode = 1;
          terminal.error(asEffvitError(thrown).message);
        }
      }
    } finally {
      await classifier.close();
    }
  });
}

async function classify(classifier: Classifier, path: string): Promise<Classified> {
  const outcome = await classifier.classify(await pictureFrame(path));
  if (outcome.kind === 'result') return outcome;
  throw outcome.error ?? new EffvitError('INFERENCE_FAILED', `${path} gave no result: ${outcome.cause}.`);
}

function show(
  path: string,
  { widthPx, heightPx, value, timings }: Classified,
  options: ClassifyOptions,
  { terminal }: CommandContext,
): void {
  const ms = (valueNs: number): number => Math.round(valueNs / 1e3) / 1e3;
  const timingsMs = {
    decode: ms(timings.decodeNs),
    preprocess: ms(timings.preprocessNs),
    inference: ms(timings.inferenceNs),
    postprocess: ms(timings.postprocessNs),
    total: ms(timings.totalNs),
  };
  if (options.json === true) {
    terminal.json({ file: path, width: widthPx, height: heightPx, results: value, timings_ms: timingsMs });
    return;
  }
  const { decode, preprocess, inference } = timingsMs;
  terminal.line(
    `${terminal.bold(path)}  ${widthPx}x${heightPx}  ${terminal.dim(
      `decode ${decode} ms, preprocess ${preprocess} ms, inference ${inference} ms`,
    )}`,
  );
  for (const line of resultLines(value, terminal)) terminal.line(line);
}
