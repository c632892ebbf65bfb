import { indexOfLargest } from './MajorityVote.js';

export interface HysteresisSettings {
  /** How far another class must lead. */
  readonly marginScore: number;
  /** How long it must lead by that margin without interruption. */
  readonly holdNs: number;
}

/** Hysteresis: the class stays until another one has led it by a margin for a time. */
export class HeldClass {
  #index: number | undefined;
  #challenger: { readonly index: number; readonly leadsForNs: number } | undefined;

  /**
   * @param scores one per class.
   * @param sinceNs time since the previous frame.
   * @returns index of the held class.
   */
  take(scores: Float64Array, sinceNs: number, { marginScore, holdNs }: HysteresisSettings): number {
    const best = indexOfLargest(scores);
    this.#index ??= best;
    const lead = (scores[best] ?? 0) - (scores[this.#index] ?? 0);
    // Of two equal classes the held one stays.
    if (best === this.#index || lead <= 0 || lead < marginScore) {
      this.#challenger = undefined;
      return this.#index;
    }
    const leadsForNs = this.#challenger?.index === best ? this.#challenger.leadsForNs + sinceNs : 0;
    if (leadsForNs < holdNs) {
      this.#challenger = { index: best, leadsForNs };
      return this.#index;
    }
    this.#challenger = undefined;
    this.#index = best;
    return best;
  }
}
