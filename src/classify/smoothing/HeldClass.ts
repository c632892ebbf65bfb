import { NS_PER_MS } from '../../stats/monotonicNs.js';
import type { ClassifierOptions } from '../classifierOptions.js';
import { indexOfLargest } from './MajorityVote.js';

/** Hysteresis: the class stays until another one has led it by a margin for a time. */
export class HeldClass {
  #index: number | undefined;
  #challenger: { readonly index: number; readonly leadsForNs: number } | undefined;

  /**
   * @param scores one per class.
   * @param sinceNs time since the previous frame.
   * @param options how far another class must lead, and for how long without interruption.
   * @returns index of the held class.
   */
  take(
    scores: Float64Array,
    sinceNs: number,
    { hysteresisMargin, hysteresisTimeMs }: Pick<ClassifierOptions, 'hysteresisMargin' | 'hysteresisTimeMs'>,
  ): number {
    const best = indexOfLargest(scores);
    this.#index ??= best;
    const lead = (scores[best] ?? 0) - (scores[this.#index] ?? 0);
    // Of two equal classes the held one stays.
    if (best === this.#index || lead <= 0 || lead < hysteresisMargin) {
      this.#challenger = undefined;
      return this.#index;
    }
    const leadsForNs = this.#challenger?.index === best ? this.#challenger.leadsForNs + sinceNs : 0;
    if (leadsForNs < hysteresisTimeMs * NS_PER_MS) {
      this.#challenger = { index: best, leadsForNs };
      return this.#index;
    }
    this.#challenger = undefined;
    this.#index = best;
    return best;
  }
}
