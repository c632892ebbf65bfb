import { type RegionOutcome, UNKNOWN_CAUSES, type UnknownCause } from './RegionOutcome.js';

/** received = classified + the sum of unknown. */
export interface RegionCounts {
  /** Regions of published frames. */
  readonly received: number;
  readonly classified: number;
  readonly unknown: Readonly<Record<UnknownCause, number>>;
}

function noneUnknown(): Record<UnknownCause, number> {
  // Every cause is one of the list's.
  return Object.fromEntries(UNKNOWN_CAUSES.map((cause) => [cause, 0])) as Record<UnknownCause, number>;
}

/** Counts what became of the regions of frames. */
export class RegionAccounting {
  #received = 0;
  #classified = 0;
  #unknown = noneUnknown();

  /** @param overLimit further regions of the frame, which are not classified. */
  add(regions: readonly RegionOutcome<unknown>[], overLimit: number): void {
    this.#received += regions.length + overLimit;
    this.#unknown.over_limit += overLimit;
    for (const region of regions) {
      if (region.kind === 'classified') this.#classified += 1;
      else this.#unknown[region.cause] += 1;
    }
  }

  counts(): RegionCounts {
    return { received: this.#received, classified: this.#classified, unknown: { ...this.#unknown } };
  }

  reset(): void {
    this.#received = 0;
    this.#classified = 0;
    this.#unknown = noneUnknown();
  }
}
