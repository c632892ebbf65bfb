import { stat } from 'node:fs/promises';
import type { Classifier } from '../classify/Classifier.js';
import type { EvaluationScores, EvaluationScoresReport } from '../classify/calibration/EvaluationScores.js';
import { type EvaluationReport, EvaluationTally } from '../classify/EvaluationTally.js';
import type { LabelledPicture } from '../classify/labelledPictures.js';
import { picturesInFolder, picturesInList } from '../classify/pictureFiles.js';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { pictureFrame } from '../image/pictureFrame.js';
import type { CommandContext } from './CommandContext.js';

/** Result of evaluating pictures. */
export interface PictureEvaluation {
  readonly report: EvaluationReport;
  readonly scores: EvaluationScoresReport;
  /** One sentence per picture that could not be evaluated. */
  readonly problems: readonly string[];
}

/**
 * The pictures that `--others` names, which show none of the classes.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED; BAD_ARGUMENT if there is no picture.
 */
export async function otherPictures(path: string): Promise<readonly string[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new EffvitError('NOT_FOUND', `There is no list or folder ${path}: check --others.`, {
      cause,
      context: { file: path },
    });
  });
  const { paths } = info.isDirectory() ? await picturesInFolder(path) : await picturesInList(path);
  if (paths.length > 0) return paths;
  throw new EffvitError('BAD_ARGUMENT', `--others ${path} has no picture.`, { context: { file: path } });
}

/** Classifies all pictures; one that fails is reported, and the others continue. */
export async function evaluatePictures(
  classifier: Classifier,
  set: { readonly pictures: readonly LabelledPicture[]; readonly others: readonly string[] },
  scores: EvaluationScores,
  { terminal, signal }: CommandContext,
): Promise<PictureEvaluation> {
  const tally = new EvaluationTally(classifier.labels);
  const problems: string[] = [];
  const all: { readonly path: string; readonly classIndex?: number }[] = [
    ...set.pictures,
    ...set.others.map((path) => ({ path })),
  ];
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
