import type { EffvitError } from '../core/EffvitError.js';
import { BOX_PROBLEMS, type PictureRegion } from '../image/PictureRegion.js';
import { DROP_CAUSES } from '../stats/FrameAccounting.js';
import type { FrameDrop, FrameResult } from './FrameOutcome.js';

/**
 * Why a region of a frame that was published has no result: its box is none (see BOX_PROBLEMS), its frame has more
 * regions than are classified (`over_limit`), it shows none of the model's classes, or what frames are dropped for happened to it alone.
 */
export const REGION_UNKNOWN_CAUSES = [
  ...BOX_PROBLEMS,
  'over_limit',
  'none_of_the_classes',
  ...DROP_CAUSES,
] as const;

export type RegionUnknownCause = (typeof REGION_UNKNOWN_CAUSES)[number];

/** What became of one region. */
export type RegionOutcome<Value> =
  | { readonly kind: 'classified'; readonly region: PictureRegion; readonly value: Value }
  | {
      readonly kind: 'unknown';
      readonly cause: RegionUnknownCause;
      /** Why, where the cause alone does not tell. */
      readonly error?: EffvitError;
    };

/** A frame that was classified by its regions; its times and its batch are those of the worker that was done last. */
export interface RegionsResult<Value>
  extends Omit<FrameResult<Value>, 'kind' | 'value' | 'smoothed' | 'nv12' | 'logits'> {
  readonly kind: 'regions';
  /** One for each box, in the order of the boxes. */
  readonly regions: readonly RegionOutcome<Value>[];
}

/** What became of a frame whose regions were to be classified. */
export type RegionsOutcome<Value> = RegionsResult<Value> | FrameDrop;
