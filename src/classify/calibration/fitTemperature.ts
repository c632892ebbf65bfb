import { maxOf } from '../../pool/classProbabilities.js';

/** A picture's output, and the class that it shows. */
export interface LabelledLogits {
  readonly logits: Float32Array;
  readonly classIndex: number;
}

export interface TemperatureFit {
  readonly temperature: number;
  /** The likelihood has no maximum within the bounds, e.g. because every picture is classified correctly. */
  readonly isAtBound: boolean;
}

export const LEAST_TEMPERATURE = 0.05;
export const MOST_TEMPERATURE = 20;

const MOST_STEPS = 60;
const TOLERANCE = 1e-9;

/**
 * The temperature that minimises the negative log-likelihood of labelled pictures (Guo et al. 2017, On Calibration of
 * Modern Neural Networks). The likelihood is concave in 1/T, so bracketed Newton steps converge.
 *
 * @param pictures at least one.
 */
export function fitTemperature(pictures: readonly LabelledLogits[]): TemperatureFit {
  let [low, high] = [1 / MOST_TEMPERATURE, 1 / LEAST_TEMPERATURE];
  if (slopeAt(pictures, low).slope >= 0) return { temperature: 1 / low, isAtBound: true };
  if (slopeAt(pictures, high).slope <= 0) return { temperature: 1 / high, isAtBound: true };
  let inverse = 1;
  for (let step = 0; step < MOST_STEPS && high - low > TOLERANCE; step++) {
    const { slope, curvature } = slopeAt(pictures, inverse);
    if (slope < 0) low = inverse;
    else high = inverse;
    const newton = inverse - slope / curvature;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - inverse) < TOLERANCE) break;
    inverse = next;
  }
  return { temperature: 1 / inverse, isAtBound: false };
}

/** First and second derivative of the mean negative log-likelihood by the inverse temperature. */
function slopeAt(pictures: readonly LabelledLogits[], inverse: number) {
  let [slope, curvature] = [0, 0];
  for (const { logits, classIndex } of pictures) {
    const max = maxOf(logits);
    let [sum, first, second] = [0, 0, 0];
    for (let index = 0; index < logits.length; index++) {
      const below = (logits[index] ?? 0) - max;
      const part = Math.exp(below * inverse);
      sum += part;
      first += part * below;
      second += part * below * below;
    }
    const mean = first / sum;
    slope += mean - ((logits[classIndex] ?? 0) - max);
    curvature += second / sum - mean * mean;
  }
  return { slope: slope / pictures.length, curvature: curvature / pictures.length };
}
