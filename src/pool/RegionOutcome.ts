import type { EffvitError } from '../core/EffvitError.js';
import { BOX_PROBLEMS, type PictureRegion } from '../image/PictureRegion.js';
import { DROP_CAUSES, zeroCounts } from '../stats/FrameAccounting.js';
import type { FrameDrop, FrameFacts } from './FrameOutcome.js';

/**
 * Why a region of a published frame has no result: its box is invalid (see BOX_PROBLEMS), its frame has too many
 * regions (`over_limit`), it shows none of the model's classes, or it failed alone with a drop cause of frames.
 */
export const REGION_UNKNOWN_CAUSES = [
  ...BOX_PROBLEMS,
  'over_limit',
  'none_of_the_classes',
  ...DROP_CAUSES,
] as const;

export type RegionUnknownCause = (typeof REGION_UNKNOWN_CAUSES)[number];

/** The result of one region, or why it has none. */
export type RegionOutcome<Value> = {
  /** Value smoothed over this and earlier regions of the same track; absent without smoothing or without a track. */
  readonly smoothed?: Value;
} & (
  | { readonly kind: 'classified'; readonly region: PictureRegion; readonly value: Value }
  | {
      readonly kind: 'unknown';
      readonly cause: RegionUnknownCause;
      /** The error behind the cause, if there was one. */
      readonly error?: EffvitError;
    }
);

/** A region whose outcome the model's judge function decides. */
export interface JudgedRegion<Value> {
  readonly outcome: RegionOutcome<Value>;
  /** A copy of the model's output; undefined for a region that was not computed. */
  readonly logits: Float32Array | undefined;
  /** Id of its track, as its detector gives it; empty if it has none. */
  readonly track: string;
}

/** A frame whose regions were classified; its times and its batch are those of the worker that finished last. */
export interface RegionsResult<Value> extends FrameFacts {
  readonly kind: 'regions';
  /** One per box, in the order of the boxes. */
  readonly regions: readonly RegionOutcome<Value>[];
}

/** The result or the drop of a frame with regions. */
export type RegionsOutcome<Value> = RegionsResult<Value> | FrameDrop;

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
