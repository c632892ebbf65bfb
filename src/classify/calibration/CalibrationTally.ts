import { indexOfLargest } from '../smoothing/MajorityVote.js';

/** Pictures whose best score lies in one of fifteen equal parts of [0, 1]. */
export interface ConfidenceBin {
  /** Its upper end, inclusive. */
  readonly upTo: number;
  readonly pictures: number;
  /** Mean of their best scores. */
  readonly confidence: number;
  /** Share of them whose best class was right. */
  readonly accuracy: number;
}

export interface CalibrationReport {
  /** Expected calibration error: the mean distance of accuracy and confidence over the bins, in percent. */
  readonly ecePercent: number;
  /** Mean negative log-likelihood of the right class. */
  readonly nll: number;
  /** The bins that have pictures, ascending. */
  readonly bins: readonly ConfidenceBin[];
}

/** As in Guo et al. 2017. */
const BINS = 15;
/** Replaces a score that was rounded to 0. */
const TINY = 1e-300;

/** Compares the scores of labelled pictures with their accuracy. */
export class CalibrationTally {
  readonly #counts = new Float64Array(BINS);
  readonly #confidences = new Float64Array(BINS);
  readonly #right = new Float64Array(BINS);
  #pictures = 0;
  #nll = 0;

  /** @param scores probabilities of all classes. */
  add(scores: Float64Array, classIndex: number): void {
    const best = indexOfLargest(scores);
    const confidence = scores[best] ?? 0;
    // (0, 1/15], (1/15, 2/15], ...
    const bin = Math.min(BINS - 1, Math.max(0, Math.ceil(confidence * BINS) - 1));
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
    this.#confidences[bin] = (this.#confidences[bin] ?? 0) + confidence;
    if (best === classIndex) this.#right[bin] = (this.#right[bin] ?? 0) + 1;
    this.#pictures++;
    this.#nll -= Math.log(Math.max(scores[classIndex] ?? 0, TINY));
  }

  /** All zero without pictures. */
  report(): CalibrationReport {
    const bins: ConfidenceBin[] = [];
    let error = 0;
    for (let bin = 0; bin < BINS; bin++) {
      const pictures = this.#counts[bin] ?? 0;
      if (pictures === 0) continue;
      const confidence = (this.#confidences[bin] ?? 0) / pictures;
      const accuracy = (this.#right[bin] ?? 0) / pictures;
      bins.push({ upTo: (bin + 1) / BINS, pictures, confidence, accuracy });
      error += (pictures / this.#pictures) * Math.abs(accuracy - confidence);
    }
    return { ecePercent: 100 * error, nll: this.#pictures === 0 ? 0 : this.#nll / this.#pictures, bins };
  }
}
