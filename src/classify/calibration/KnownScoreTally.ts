import { KNOWN_SCORES, type KnownScoreKind, knownScore } from './knownScore.js';

/** Distribution of one kind of score over pictures of the model's classes, and over others. */
export interface KnownScoreReport {
  readonly kind: KnownScoreKind;
  /** Percentiles 1, 5 and 50 of the labelled pictures. */
  readonly p1: number;
  readonly p5: number;
  readonly p50: number;
  /** Present if pictures of none of the classes were given. */
  readonly others?: {
    /** Probability that a picture of a class scores higher than one of none. */
    readonly auroc: number;
    /** Percentage that a threshold at `p5` rejects. */
    readonly rejectedAtP5Percent: number;
  };
}

/** How many pictures a threshold calls UNKNOWN. */
export interface RejectionReport {
  readonly kind: KnownScoreKind;
  readonly threshold: number;
  /** Of the labelled pictures. */
  readonly rejected: number;
  /** Of the pictures of none of the classes, if there are any. */
  readonly othersRejected: number;
}

/** Compares the scores of pictures of the model's classes with those of pictures of none of them. */
export class KnownScoreTally {
  readonly #known: Record<KnownScoreKind, number[]> = { energy: [], max_logit: [] };
  readonly #others: Record<KnownScoreKind, number[]> = { energy: [], max_logit: [] };

  /** @param isOther for a picture of none of the classes. */
  add(logits: Float32Array, isOther: boolean): void {
    const scores = isOther ? this.#others : this.#known;
    for (const kind of KNOWN_SCORES) scores[kind].push(knownScore(logits, kind));
  }

  get otherCount(): number {
    return this.#others.energy.length;
  }

  reports(): KnownScoreReport[] {
    if (this.#known.energy.length === 0) return [];
    return KNOWN_SCORES.map((kind) => {
      const known = this.#known[kind].toSorted((a, b) => a - b);
      const others = this.#others[kind].toSorted((a, b) => a - b);
      const [p1, p5, p50] = [percentile(known, 1), percentile(known, 5), percentile(known, 50)];
      if (others.length === 0) return { kind, p1, p5, p50 };
      const rejected = others.filter((score) => score < p5).length;
      const rejectedAtP5Percent = (100 * rejected) / others.length;
      return { kind, p1, p5, p50, others: { auroc: areaUnderRoc(known, others), rejectedAtP5Percent } };
    });
  }

  rejections(kind: KnownScoreKind, threshold: number): RejectionReport {
    const below = (scores: readonly number[]): number => scores.filter((score) => score < threshold).length;
    return {
      kind,
      threshold,
      rejected: below(this.#known[kind]),
      othersRejected: below(this.#others[kind]),
    };
  }
}

/** Nearest rank. @param sorted ascending, not empty. */
function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Both ascending; equal scores count half. */
function areaUnderRoc(known: readonly number[], others: readonly number[]): number {
  let [below, equal, sum] = [0, 0, 0];
  for (const score of known) {
    while (below < others.length && (others[below] ?? 0) < score) below++;
    equal = Math.max(equal, below);
    while (equal < others.length && others[equal] === score) equal++;
    sum += below + (equal - below) / 2;
  }
  return sum / (known.length * others.length);
}
