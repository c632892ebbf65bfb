import type { DropCause } from '../../stats/FrameAccounting.js';
import type { latencyCurves } from './latencyCurves.js';
import type { ThumbnailStrip } from './ThumbnailStrip.js';

/** A line of the report's head: what, and its value. */
export type Fact = readonly [name: string, value: string];

/** Every frame of a replay in columns, which are far smaller as JSON than one object a frame. */
export interface FrameColumns {
  /** Place in the recording, from 0. */
  readonly sequence: readonly number[];
  /** Index into `cameras`. */
  readonly camera: readonly number[];
  /** Seconds since the first frame, by the recording's clock. */
  readonly timeS: readonly number[];
  /** Index into `reasons`, -1 for a frame that has results. */
  readonly reason: readonly number[];
  /** Pairs of an index into `labels` and a score, best first; none for a dropped frame. */
  readonly results: readonly (readonly number[])[];
  /** Milliseconds by stage, in the order of `stages`; none for a dropped frame. */
  readonly timesMs: readonly (readonly number[])[];
  /** With smoothing: pairs as in `results`, the class that is held first. */
  readonly smoothed?: readonly (readonly number[])[] | undefined;
  /** With picture checks or a known score: indices into `doubts`, of what is wrong with the picture or the scores. */
  readonly doubts?: readonly (readonly number[])[] | undefined;
  /** With detectors: the regions of each frame; null for one that was not classified by boxes. */
  readonly regions?: readonly (FrameRegionColumns | null)[] | undefined;
}

/** The regions of one frame. */
export interface FrameRegionColumns {
  /** Of the frame. */
  readonly widthPx: number;
  readonly heightPx: number;
  readonly ids: readonly string[];
  /** Left, top, width and height, pixels; null for an UNKNOWN one. */
  readonly boxes: readonly (readonly number[] | null)[];
  /** Index into `doubts` of why it is UNKNOWN, else -1. */
  readonly unknown: readonly number[];
  /** Of each region, pairs as in `results`. */
  readonly results: readonly (readonly number[])[];
}

/** Everything that the page shows; plain data. */
export interface ReplayReport {
  readonly title: string;
  /** As it could be typed again. */
  readonly command: string;
  readonly facts: readonly Fact[];
  readonly isSimulated: boolean;
  readonly fps: number;
  readonly received: number;
  readonly published: number;
  readonly dropped: readonly (readonly [DropCause, number])[];
  readonly cameras: readonly string[];
  readonly labels: readonly string[];
  readonly reasons: readonly string[];
  /** What may be wrong with a picture, and why frames and regions are UNKNOWN. */
  readonly doubts: readonly string[];
  /** With smoothing: how often the best class of each camera changed. */
  readonly changes?: readonly Readonly<Record<string, string | number>>[] | undefined;
  /** With detectors: counts by name, of regions and of what had no counterpart; zeros are left out. */
  readonly regionCounts?: readonly (readonly [string, number])[] | undefined;
  readonly stages: readonly string[];
  readonly frames: FrameColumns;
  readonly percents: readonly number[];
  readonly curves: ReturnType<typeof latencyCurves>;
  readonly thumbnails: Awaited<ReturnType<ThumbnailStrip['sheets']>>;
}
