import type { FrameResult } from '../pool/FrameOutcome.js';
import type { RegionOutcome, RegionsOutcome } from '../pool/RegionOutcome.js';
import type { ClassResult } from './ClassResult.js';

/** Result of one region of a frame: the best classes, or why it has none. */
export type RegionResult = RegionOutcome<readonly ClassResult[]>;

/** Which of a result's two lists is meant, in the spelling of the parameter `classification_results`. */
export const RESULT_CHOICES = ['raw', 'smoothed'] as const;

export type ResultChoice = (typeof RESULT_CHOICES)[number];

/**
 * The classes of a region, best first; undefined for UNKNOWN.
 *
 * @param choice smoothed: those of its track, also while the region itself is unknown; without a track the raw ones.
 */
export function regionClasses(
  region: RegionResult,
  choice: ResultChoice,
): readonly ClassResult[] | undefined {
  const raw = region.kind === 'classified' ? region.value : undefined;
  const { smoothed } = region;
  if (choice === 'raw' || smoothed === undefined) return raw;
  return smoothed.length === 0 && raw === undefined ? undefined : smoothed;
}

/** A frame's result with the chosen classes as its value; without smoothing the raw ones. */
export function chosenResult(
  result: FrameResult<readonly ClassResult[]>,
  choice: ResultChoice,
): FrameResult<readonly ClassResult[]> {
  return choice === 'raw' || result.smoothed === undefined ? result : { ...result, value: result.smoothed };
}

/** Outcome of a frame that was submitted with regions. */
export type ClassifyRegionsOutcome = RegionsOutcome<readonly ClassResult[]>;
