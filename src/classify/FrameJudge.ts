import { stampToNs } from '../core/Stamp.js';
import type { FrameJudgement } from '../pool/FrameOutcome.js';
import type { JudgedFrame } from '../pool/PoolOptions.js';
import type { ClassResult } from './ClassResult.js';
import type { ClassifierOptions } from './classifierOptions.js';
import { classProbabilities } from './classProbabilities.js';
import { ResultSmoother } from './smoothing/ResultSmoother.js';
import type { SmoothedView, SmoothingMethod, SmoothingSettings } from './smoothing/SmoothedStream.js';
import { largest } from './topK.js';

const NS_PER_MS = 1e6;

/** How the model's output is read. */
export interface ScoreReading {
  readonly labels: readonly string[];
  readonly activation: 'logits' | 'probabilities';
}

type Judgement = FrameJudgement<readonly ClassResult[]>;

/** Looks at the frames of one model one after the other, and remembers what it saw: smooths results over time. */
export class FrameJudge {
  #smoother: ResultSmoother | undefined;

  /** What a pool's model is judged by with these options; undefined where nothing is asked for. */
  judgeWith(
    reading: () => ScoreReading,
    options: ClassifierOptions,
  ): ((value: readonly ClassResult[], frame: JudgedFrame) => Judgement) | undefined {
    if (options.smoothing === 'off') {
      this.#smoother = undefined;
      return undefined;
    }
    const settings = smoothingSettings(options, options.smoothing);
    this.#smoother ??= new ResultSmoother(settings);
    this.#smoother.configure(settings);
    const smoother = this.#smoother;
    return (value, frame) => {
      const { labels, activation } = reading();
      const scores = classProbabilities(frame.logits, activation);
      const view = smoother.take(frame.header.source, scores, timeOf(frame));
      return { value, smoothed: view === undefined ? [] : smoothedResults(view, labels, options) };
    };
  }
}

function smoothingSettings(options: ClassifierOptions, method: SmoothingMethod): SmoothingSettings {
  return {
    method,
    timeNs: options.smoothingTimeMs * NS_PER_MS,
    gapNs: options.smoothingGapMs * NS_PER_MS,
    marginScore: options.hysteresisMargin,
    holdNs: options.hysteresisTimeMs * NS_PER_MS,
    isOrdered: options.ordered,
  };
}

/** The camera's clock; a frame without a stamp is of the moment that it came. */
function timeOf({ header: { stamp }, admittedNs }: JudgedFrame): bigint {
  const stampNs = stampToNs(stamp);
  return stampNs === 0n ? BigInt(Math.round(admittedNs)) : stampNs;
}

/** The class that is held first, then the others, best first. */
function smoothedResults(
  { scores, heldIndex }: SmoothedView,
  labels: readonly string[],
  { topK, scoreThreshold }: Pick<ClassifierOptions, 'topK' | 'scoreThreshold'>,
): ClassResult[] {
  const others = largest(scores, topK).filter((index) => index !== heldIndex);
  return [heldIndex, ...others]
    .slice(0, topK)
    .map((index) => ({ index, label: labels[index] ?? `class_${index}`, score: scores[index] ?? 0 }))
    .filter(({ score }) => score >= scoreThreshold);
}
