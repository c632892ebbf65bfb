import { EffvitError } from '../core/EffvitError.js';
import { stampToNs } from '../core/Stamp.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { classProbabilities } from '../pool/classProbabilities.js';
import type { FrameJudgement, UnknownCause } from '../pool/FrameOutcome.js';
import type { JudgedFrame, PoolModel, StreamFrame } from '../pool/PoolOptions.js';
import { largest } from '../pool/topK.js';
import type { ClassResult } from './ClassResult.js';
import { knownScore } from './calibration/knownScore.js';
import type { ClassifierOptions } from './classifierOptions.js';
import { PictureJudge, pictureCondition } from './PictureJudge.js';
import type { RegionResult } from './RegionResult.js';
import { ResultSmoother } from './smoothing/ResultSmoother.js';

/** How the model's output is read; the labels are known once it is loaded. */
export interface ScoreReading {
  readonly model: { readonly manifest: ModelManifest };
  readonly labels: readonly string[];
}

type Results = readonly ClassResult[];
type Judgement = FrameJudgement<Results>;

/** The temperature that the logits are divided by. */
export function temperatureOf(
  { output }: Pick<ModelManifest, 'output'>,
  { temperature }: Pick<ClassifierOptions, 'temperature'>,
): number {
  return temperature === 0 ? (output.temperature ?? 1) : temperature;
}

/** @throws EffvitError BAD_CONFIG if `knownScore` is on for a model that returns probabilities instead of logits. */
export function checkKnownScore(
  { name, output }: Pick<ModelManifest, 'name' | 'output'>,
  options: Pick<ClassifierOptions, 'knownScore'>,
): void {
  if (options.knownScore === 'none' || output.activation === 'logits') return;
  throw new EffvitError(
    'BAD_CONFIG',
    `known_score ${options.knownScore} needs logits, and ${name} gives probabilities, which hide that no class fits: set known_score to none, or take a model without a softmax at its end.`,
    { context: { model: name } },
  );
}

/** Smooths the results of one model's frames and detects UNKNOWN; keeps state between frames. */
export class FrameJudge {
  #smoother: ResultSmoother | undefined;
  readonly #pictures = new PictureJudge();

  /** The judging function of a pool's model for these options; undefined if they need none. */
  judgeWith(
    reading: ScoreReading,
    options: ClassifierOptions,
  ): ((value: Results, frame: JudgedFrame) => Judgement) | undefined {
    const smoother = this.#smootherWith(options);
    const { pictureChecks } = options;
    if (smoother === undefined && options.knownScore === 'none' && pictureChecks === 'none') return undefined;
    return (value, frame) => {
      const score = options.knownScore === 'none' ? undefined : knownScore(frame.logits, options.knownScore);
      const isNone = score !== undefined && score < options.knownScoreThreshold;
      const picture =
        frame.figures === undefined || pictureChecks === 'none'
          ? undefined
          : frame.isSingle
            ? pictureCondition(frame.figures, 0, options)
            : this.#pictures.take(frame.header.source, timeOf(frame), frame.figures, options);
      const causes: UnknownCause[] = [
        ...(pictureChecks === 'unknown' ? (picture?.problems ?? []) : []),
        ...(isNone ? (['none_of_the_classes'] as const) : []),
      ];
      const isKnown = causes.length === 0;
      const judgement: Judgement = {
        value: isKnown ? value : [],
        ...(!isKnown && { unknownCauses: causes }),
        ...(score !== undefined && { knownScore: score }),
        ...(picture !== undefined && { picture }),
      };
      if (smoother === undefined || frame.isSingle) return judgement;
      const logits = isKnown ? frame.logits : undefined;
      return { ...judgement, smoothed: smoothedResults(smoother, frame, logits, reading, options) };
    };
  }

  /** The judging function for the regions of a frame; undefined if the options need none. */
  judgeRegionsWith(reading: ScoreReading, options: ClassifierOptions): PoolModel<Results>['judgeRegions'] {
    const smoother = this.#smootherWith(options);
    const { knownScore: kind, knownScoreThreshold } = options;
    if (smoother === undefined && kind === 'none') return undefined;
    return (regions, frame) => {
      const tracks = singleTracks(regions);
      return regions.map(({ outcome, logits, track }): RegionResult => {
        const isNone =
          logits !== undefined && kind !== 'none' && knownScore(logits, kind) < knownScoreThreshold;
        const judged: RegionResult = isNone ? { kind: 'unknown', cause: 'none_of_the_classes' } : outcome;
        if (smoother === undefined || frame.isSingle || !tracks.has(track)) return judged;
        const known = judged.kind === 'classified' ? logits : undefined;
        return { ...judged, smoothed: smoothedResults(smoother, frame, known, reading, options, track) };
      });
    };
  }

  /** Resets the state of earlier frames. */
  forget(): void {
    this.#smoother?.clear();
    this.#pictures.clear();
  }

  #smootherWith(options: ClassifierOptions): ResultSmoother | undefined {
    if (options.smoothing === 'none') this.#smoother = undefined;
    else this.#smoother ??= new ResultSmoother(options);
    this.#smoother?.configure(options);
    return this.#smoother;
  }
}

/** The ids that stand for one region of the frame: one that several have is none of a track. */
function singleTracks(regions: readonly { readonly track: string }[]): ReadonlySet<string> {
  const single = new Set<string>();
  const several = new Set(['']);
  for (const { track } of regions) {
    if (several.has(track)) continue;
    if (single.delete(track)) several.add(track);
    else single.add(track);
  }
  return single;
}

/** Time by the camera's clock; the admission time for a frame without a stamp. */
function timeOf({ header: { stamp }, admittedNs }: StreamFrame): bigint {
  const stampNs = stampToNs(stamp);
  return stampNs === 0n ? BigInt(Math.round(admittedNs)) : stampNs;
}

/**
 * Results of the stream after a frame: the held class first, then the others, best first; empty without a state.
 *
 * @param logits undefined for an UNKNOWN frame or region.
 */
function smoothedResults(
  smoother: ResultSmoother,
  frame: StreamFrame,
  logits: Float32Array | undefined,
  { model, labels }: ScoreReading,
  options: ClassifierOptions,
  track?: string,
): ClassResult[] {
  const { output } = model.manifest;
  const scoresNow =
    logits && classProbabilities(logits, output.activation, temperatureOf(model.manifest, options));
  const view = smoother.take(frame.header.source, scoresNow, timeOf(frame), track);
  if (view === undefined) return [];
  const { scores, heldIndex } = view;
  const { topK, scoreThreshold } = options;
  const others = largest(scores, topK).filter((index) => index !== heldIndex);
  return [heldIndex, ...others]
    .slice(0, topK)
    .map((index) => ({ index, label: labels[index] ?? `class_${index}`, score: scores[index] ?? 0 }))
    .filter(({ score }) => score >= scoreThreshold);
}
