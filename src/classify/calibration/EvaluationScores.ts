import { EffvitError } from '../../core/EffvitError.js';
import type { ModelManifest } from '../../model/ModelManifest.js';
import { classProbabilities, logitsOf } from '../../pool/classProbabilities.js';
import type { ClassifierOptions } from '../classifierOptions.js';
import { temperatureOf } from '../FrameJudge.js';
import { type CalibrationReport, CalibrationTally } from './CalibrationTally.js';
import { fitTemperature, type LabelledLogits } from './fitTemperature.js';
import { type KnownScoreReport, KnownScoreTally, type RejectionReport } from './KnownScoreTally.js';

/** Memory limit: the scores of all classes of every picture are kept until the fit. */
const MOST_KEPT_BYTES = 2 ** 30;

type ScoreOptions = Pick<ClassifierOptions, 'temperature' | 'knownScore' | 'knownScoreThreshold'>;

/** A temperature that was fitted to the pictures of an evaluation. */
export interface CalibrationFit {
  readonly temperature: number;
  readonly isAtBound: boolean;
  /** With the fitted temperature. */
  readonly after: CalibrationReport;
}

export interface EvaluationScoresReport {
  /** In force. */
  readonly temperature: number;
  readonly calibration: CalibrationReport;
  /** Present if a temperature was fitted. */
  readonly fit?: CalibrationFit;
  /** One per kind of score; empty for a model that returns probabilities, and without pictures. */
  readonly known: readonly KnownScoreReport[];
  /** Present if a threshold is in force. */
  readonly rejection?: RejectionReport;
  /** Number of pictures of none of the classes. */
  readonly others: number;
}

/**
 * Evaluates the scores of labelled pictures: their calibration, and how well they detect pictures of none of the
 * classes.
 */
export class EvaluationScores {
  readonly #output: ModelManifest['output'];
  readonly #options: ScoreOptions;
  readonly #temperature: number;
  readonly #calibration = new CalibrationTally();
  readonly #known = new KnownScoreTally();
  /** Undefined if nothing is fitted. */
  readonly #kept: LabelledLogits[] | undefined;

  constructor(manifest: ModelManifest, options: ScoreOptions, isFitting: boolean) {
    this.#output = manifest.output;
    this.#options = options;
    this.#temperature = temperatureOf(manifest, options);
    this.#kept = isFitting ? [] : undefined;
  }

  /** @param values as the model gave them; kept, not copied. */
  add(values: Float32Array, classIndex: number): void {
    const { activation } = this.#output;
    this.#calibration.add(classProbabilities(values, activation, this.#temperature), classIndex);
    if (activation === 'logits') this.#known.add(values, false);
    this.#kept?.push({ logits: logitsOf(values, activation), classIndex });
  }

  /** A picture of none of the classes. */
  addOther(values: Float32Array): void {
    if (this.#output.activation === 'logits') this.#known.add(values, true);
  }

  report(): EvaluationScoresReport {
    const { knownScore, knownScoreThreshold } = this.#options;
    const kept = this.#kept ?? [];
    return {
      temperature: this.#temperature,
      calibration: this.#calibration.report(),
      ...(kept.length > 0 && { fit: fitted(kept) }),
      known: this.#known.reports(),
      ...(knownScore !== 'none' && { rejection: this.#known.rejections(knownScore, knownScoreThreshold) }),
      others: this.#known.otherCount,
    };
  }
}

function fitted(pictures: readonly LabelledLogits[]): CalibrationFit {
  const { temperature, isAtBound } = fitTemperature(pictures);
  const tally = new CalibrationTally();
  for (const { logits, classIndex } of pictures) {
    tally.add(classProbabilities(logits, 'logits', temperature), classIndex);
  }
  return { temperature, isAtBound, after: tally.report() };
}

/** @throws EffvitError OUT_OF_RANGE if the scores of all pictures exceed the memory limit. */
export function checkFitSize(pictures: number, classCount: number): void {
  const bytes = pictures * classCount * Float32Array.BYTES_PER_ELEMENT;
  if (bytes <= MOST_KEPT_BYTES) return;
  const most = Math.floor(MOST_KEPT_BYTES / (classCount * Float32Array.BYTES_PER_ELEMENT));
  throw new EffvitError(
    'OUT_OF_RANGE',
    `--calibrate keeps the scores of all ${classCount} classes of each picture, and those of ${pictures} pictures need ${Math.ceil(bytes / 2 ** 20)} MiB: give a part of the list, ${most} pictures at most.`,
  );
}
