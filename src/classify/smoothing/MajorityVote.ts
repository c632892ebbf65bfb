interface Vote {
  readonly index: number;
  readonly atNs: number;
}

/** The share of each class in the votes of the time window: each frame votes for its best class. */
export class MajorityVote {
  readonly #votes: Vote[] = [];
  #counts: Float64Array;
  #shares: Float64Array;
  /** Since the first frame. */
  #nowNs = 0;

  constructor(classCount: number) {
    this.#counts = new Float64Array(classCount);
    this.#shares = new Float64Array(classCount);
  }

  /**
   * @param scores one per class, of this frame.
   * @param sinceNs time since the previous frame.
   * @param windowNs length of the window.
   * @returns shares in [0, 1] with sum 1, in a read-only array that is reused.
   */
  take(scores: Float64Array, sinceNs: number, windowNs: number): Float64Array {
    this.#nowNs += sinceNs;
    const index = indexOfLargest(scores);
    this.#votes.push({ index, atNs: this.#nowNs });
    this.#count(index, 1);
    // The window excludes its older end: at 10 frames a second, a window of 1 s holds ten frames.
    const fromNs = this.#nowNs - windowNs;
    const kept = this.#votes.findIndex(({ atNs }) => atNs > fromNs);
    for (const old of this.#votes.splice(0, kept)) this.#count(old.index, -1);
    const total = this.#votes.length;
    for (let at = 0; at < this.#shares.length; at++) this.#shares[at] = (this.#counts[at] ?? 0) / total;
    return this.#shares;
  }

  #count(index: number, change: number): void {
    this.#counts[index] = (this.#counts[index] ?? 0) + change;
  }
}

/** The first of the largest. */
export function indexOfLargest(scores: Float64Array): number {
  let best = 0;
  for (let index = 1; index < scores.length; index++) {
    if ((scores[index] ?? 0) > (scores[best] ?? 0)) best = index;
  }
  return best;
}
