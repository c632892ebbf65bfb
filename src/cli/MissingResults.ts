import type { ClassifyOutcome } from '../classify/Classifier.js';
import type { ClassifyRegionsOutcome } from '../classify/RegionResult.js';

/** Why frames have no result, for runs that print no line per frame; UnreadableFrames reports bad images. */
export class MissingResults {
  readonly #scoreThreshold: number;
  /** Count and first reason by topic and cause. */
  readonly #dropped = new Map<string, { readonly source: string; readonly reason: string; count: number }>();
  #resultCount = 0;
  #emptyCount = 0;
  #unknownCount = 0;

  constructor(scoreThreshold: number) {
    this.#scoreThreshold = scoreThreshold;
  }

  add(outcome: ClassifyOutcome | ClassifyRegionsOutcome): void {
    if (outcome.kind === 'regions') return;
    if (outcome.kind === 'result') {
      this.#resultCount++;
      if (outcome.unknownCauses !== undefined) this.#unknownCount++;
      else if (outcome.value.length === 0) this.#emptyCount++;
      return;
    }
    const { header, cause, error } = outcome;
    if (cause === 'bad_image') return;
    const key = `${header.source}\n${cause}`;
    const known = this.#dropped.get(key);
    if (known !== undefined) known.count++;
    else {
      const reason = error === undefined ? cause : `${cause}: ${error.message.replace(/\.$/, '')}`;
      this.#dropped.set(key, { source: header.source, reason, count: 1 });
    }
  }

  /** One sentence per topic and cause, unless each was shown, and those about frames without a class. */
  sentences(isEachShown: boolean): string[] {
    const dropped = [...this.#dropped.values()].map(({ source, reason, count }) =>
      count === 1
        ? `A frame of ${source} gave no result (${reason}).`
        : `${count} frames of ${source} gave no result; the first (${reason}).`,
    );
    const results = this.#resultCount;
    const unknown = `${this.#unknownCount} of ${results} frames are UNKNOWN and have no results.`;
    const empty = `None of ${results} frames has a class with a score of ${this.#scoreThreshold} or more: lower --score-threshold.`;
    return [
      isEachShown ? [] : dropped,
      this.#unknownCount > 0 ? unknown : [],
      results > 0 && this.#emptyCount === results ? empty : [],
    ].flat();
  }
}
