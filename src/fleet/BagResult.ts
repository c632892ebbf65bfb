import type { EvaluationCounts } from '../classify/EvaluationTally.js';
import type { Difference } from '../classify/expectedResults.js';
import type { UnknownCause } from '../pool/FrameOutcome.js';
import type { DropCause } from '../stats/FrameAccounting.js';

/** Scores are summed as whole ten-thousandths: sums of integers are the same in every order, those of floats are not. */
export const SCORE_UNITS = 10_000;

/** How often a class was the best of a frame. */
export interface ClassCount {
  readonly index: number;
  readonly label: string;
  readonly frames: number;
  /** Of the best scores of these frames, in ten-thousandths. */
  readonly scoreSum: number;
}

/** One camera of one bag. */
export interface CameraResult {
  readonly topic: string;
  readonly received: number;
  readonly published: number;
  /** Causes that occurred. */
  readonly dropped: Readonly<Partial<Record<DropCause, number>>>;
  /** Frames that were published without a class: UNKNOWN, or all scores below the threshold. */
  readonly unnamed: number;
  /** Causes of UNKNOWN that occurred. */
  readonly unknown: Readonly<Partial<Record<UnknownCause, number>>>;
  /** How often the best class changed, where results were smoothed. */
  readonly changes?: { readonly raw: number; readonly smoothed: number; readonly spanMs: number };
  /** By index. */
  readonly classes: readonly ClassCount[];
  /** Against the bag's truth, where it has one. */
  readonly accuracy?: EvaluationCounts;
}

/** What one bag gave: plain data without times of this run or names of this machine, so that whoever makes it makes the same. */
export interface BagResult {
  readonly version: 1;
  /** From contentKey. */
  readonly bag: string;
  /** Recorded time from the first image to the last, milliseconds. */
  readonly durationMs: number;
  /** By topic. */
  readonly cameras: readonly CameraResult[];
  /** Of every frame's topic, stamp and results, in the recording's order: SHA-256. */
  readonly framesSha256: string;
  /** Frames that are not as they were expected, where they were held against that. */
  readonly differences?: { readonly frames: number; readonly first: readonly Difference[] };
  /** What is missing from the bag, one sentence each, with {@link BAG_PLACE} for its path. */
  readonly warnings: readonly string[];
}

/** Stands for the bag's path in sentences that are kept with its content. */
export const BAG_PLACE = '{bag}';

/** Reads a kept result. Undefined for what is none: cut off, damaged, of another version. */
export function parseBagResult(text: string): BagResult | undefined {
  let content: Partial<BagResult> | null;
  try {
    content = JSON.parse(text) as Partial<BagResult> | null;
  } catch {
    return undefined;
  }
  const isWhole =
    content?.version === 1 &&
    typeof content.bag === 'string' &&
    typeof content.durationMs === 'number' &&
    Array.isArray(content.cameras) &&
    content.cameras.every(isCamera) &&
    typeof content.framesSha256 === 'string' &&
    Array.isArray(content.warnings);
  return isWhole ? (content as BagResult) : undefined;
}

function isCamera(camera: Partial<CameraResult> | null): boolean {
  return (
    typeof camera?.topic === 'string' &&
    typeof camera.received === 'number' &&
    typeof camera.published === 'number' &&
    typeof camera.dropped === 'object' &&
    typeof camera.unknown === 'object' &&
    Array.isArray(camera.classes)
  );
}
