import { zeroCounts } from '../stats/FrameAccounting.js';
import { REGION_UNKNOWN_CAUSES, type RegionOutcome, type RegionUnknownCause } from './RegionOutcome.js';

/** received = classified + the sum of unknown. */
export interface RegionCounts {
  /** Regions of published frames. */
  readonly received: number;
  readonly classified: number;
  readonly unknown: Readonly<Record<RegionUnknownCause, number>>;
}

/** Counts the regions of frames by outcome. */
export class RegionAccounting {
  #received = 0;
  #classified = 0;
  #unknown = zeroCounts(REGION_UNKNOWN_CAUSES);

  add(regions: readonly RegionOutcome<unknown>[]): void {
    this.#received += regions.length;
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
    this.#unknown = zeroCounts(REGION_UNKNOWN_CAUSES);
  }
}
