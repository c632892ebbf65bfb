import type { Classifier } from '../classify/Classifier.js';
import type { EvaluationScores, EvaluationScoresReport } from '../classify/calibration/EvaluationScores.js';
import { type EvaluationReport, EvaluationTally } from '../classify/EvaluationTally.js';
import type { LabelledPicture } from '../classify/labelledPictures.js';
import { asEffvitError } from '../core/EffvitError.js';
import { pictureFrame } from '../image/pictureFrame.js';
import type { CommandContext } from './CommandContext.js';

/** Result of evaluating pictures. */
export interface PictureEvaluation {
  readonly report: EvaluationReport;
  readonly scores: EvaluationScoresReport;
  /** One sentence per picture that could not be evaluated. */
  readonly problems: readonly string[];
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
