import type { PictureFigures } from '../image/PictureFigures.js';
import type { PictureCondition, PictureProblem } from '../pool/FrameOutcome.js';
import { NS_PER_MS } from '../stats/monotonicNs.js';
import type { ClassifierOptions } from './classifierOptions.js';

/** Most cameras that are remembered. */
const MOST_SOURCES = 1000;

/** Options for judging a picture. */
export type PictureLimits = Pick<
  ClassifierOptions,
  'minBrightness' | 'maxBrightness' | 'minContrast' | 'minSharpness' | 'maxFlatShare' | 'maxUnchangedMs'
>;

interface Content {
  readonly hash: number;
  readonly sinceNs: bigint;
}

/** Decides for each picture whether it is usable; remembers since when a camera has sent the same one. */
export class PictureJudge {
  readonly #contents = new Map<string, Content>();

  /** @param stampNs of the frame, by the camera's clock. */
  take(source: string, stampNs: bigint, figures: PictureFigures, limits: PictureLimits): PictureCondition {
    return pictureCondition(figures, this.#unchangedNs(source, stampNs, figures.contentHash), limits);
  }

  /** Forgets the pictures that it saw. */
  clear(): void {
    this.#contents.clear();
  }

  #unchangedNs(source: string, stampNs: bigint, hash: number): number {
    const known = this.#contents.get(source);
    if (known !== undefined && known.hash === hash && stampNs >= known.sinceNs) {
      return Number(stampNs - known.sinceNs);
    }
    if (known === undefined && this.#contents.size >= MOST_SOURCES) this.#contents.clear();
    this.#contents.set(source, { hash, sinceNs: stampNs });
    return 0;
  }
}

/** @param unchangedNs how long the camera has sent the same picture; 0 for a picture of no camera. */
export function pictureCondition(
  figures: PictureFigures,
  unchangedNs: number,
  limits: PictureLimits,
): PictureCondition {
  return { figures, unchangedNs, problems: problemsOf(figures, unchangedNs, limits) };
}

function problemsOf(
  { brightness, contrast, sharpness, flatShare }: PictureFigures,
  unchangedNs: number,
  limits: PictureLimits,
): PictureProblem[] {
  const problems: PictureProblem[] = [];
  if (flatShare > limits.maxFlatShare) problems.push('covered');
  if (brightness < limits.minBrightness) problems.push('too_dark');
  if (brightness > limits.maxBrightness) problems.push('too_bright');
  if (contrast < limits.minContrast) problems.push('low_contrast');
  // An empty picture has no edges either, so it is not also reported as blurred.
  if (problems.length === 0 && sharpness < limits.minSharpness) problems.push('blurred');
  if (limits.maxUnchangedMs > 0 && unchangedNs > limits.maxUnchangedMs * NS_PER_MS) problems.push('frozen');
  return problems;
}

/** The measured value and the limit of a problem, by the names of the parameters. */
export function problemText(
  problem: PictureProblem,
  { figures, unchangedNs }: PictureCondition,
  limits: PictureLimits,
): string {
  const { brightness, contrast, sharpness, flatShare } = figures;
  const texts: Readonly<Record<PictureProblem, string>> = {
    covered: `covered: flat_share ${flatShare.toFixed(2)} is above max_flat_share ${limits.maxFlatShare}`,
    too_dark: `too dark: brightness ${brightness.toFixed(1)} is below min_brightness ${limits.minBrightness}`,
    too_bright: `too bright: brightness ${brightness.toFixed(1)} is above max_brightness ${limits.maxBrightness}`,
    low_contrast: `low contrast: contrast ${contrast.toFixed(1)} is below min_contrast ${limits.minContrast}`,
    blurred: `blurred: sharpness ${sharpness.toFixed(1)} is below min_sharpness ${limits.minSharpness}`,
    frozen: `frozen: the same content for ${(unchangedNs / NS_PER_MS).toFixed(0)} ms, above max_unchanged_ms ${limits.maxUnchangedMs}`,
  };
  return texts[problem];
}
