import type { EvaluationCounts } from '../classify/EvaluationTally.js';
import type { Difference } from '../classify/expectedResults.js';

/** Scores are summed as whole ten-thousandths: sums of integers are the same in every order, those of floats are not. */
export const SCORE_UNITS = 10_000;

/** By cause. */
export type Counts = Readonly<Record<string, number>>;

/** How often a class was the best of a frame. */
export interface ClassCount {
  readonly index: number;
  readonly label: string;
  readonly frames: number;
  /** Sum of the best scores of these frames, in 1/10,000. */
  readonly scoreSum: number;
}

/** One camera of one bag. */
export interface CameraResult {
  readonly topic: string;
  readonly received: number;
  readonly published: number;
  /** Causes that occurred. */
  readonly dropped: Counts;
  /** Frames that were published without a class: UNKNOWN, or all scores below the threshold. */
  readonly unnamed: number;
  /** Causes of UNKNOWN that occurred. */
  readonly unknown: Counts;
  /**
   * The boxes of its detector, if these were classified, with the causes of UNKNOWN that occurred: `unnamed` and
   * `classes` count boxes then.
   */
  readonly regions?: { readonly classified: number; readonly unknown: Counts };
  /** How often the best class changed; present with smoothing. */
  readonly changes?: { readonly raw: number; readonly smoothed: number; readonly spanMs: number };
  /** By index. */
  readonly classes: readonly ClassCount[];
  /** Compared with the bag's truth; absent if it has none. */
  readonly accuracy?: EvaluationCounts;
}

/**
 * Result of one bag: plain data without times of this run or names of this machine, so that it is the same on every
 * machine.
 */
export interface BagResult {
  readonly version: 1;
  /** From contentKey. */
  readonly bag: string;
  /** Recorded time from the first image to the last, milliseconds. */
  readonly durationMs: number;
  /** By topic. */
  readonly cameras: readonly CameraResult[];
  /** SHA-256 of every frame's topic, stamp and results, in the recording's order. */
  readonly framesSha256: string;
  /** Messages of detectors that met no frame, by cause; present if there are some. */
  readonly unmatchedDetections?: Counts;
  /** Frames that differ from the expected results, if these were compared. */
  readonly differences?: { readonly frames: number; readonly first: readonly Difference[] };
  /** What is missing from the bag, one sentence each, with {@link BAG_PLACE} for its path. */
  readonly warnings: readonly string[];
}

/** Replaces the bag's path in sentences that are stored with its result. */
export const BAG_PLACE = '{bag}';

/** Parses a stored result. Undefined if it is truncated, damaged or of another version. */
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
