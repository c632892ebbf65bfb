import { type Stamp, stampToNs } from '../core/Stamp.js';
import { zeroCounts } from '../stats/FrameAccounting.js';
import { NS_PER_MS } from '../stats/monotonicNs.js';
import type { ClassifierOptions } from './classifierOptions.js';

/** Why a frame or a detector message has no counterpart. */
export const UNMATCHED_CAUSES = [
  /** No counterpart with its stamp arrived within the limit. */
  'waited_too_long',
  /** A later frame of its camera was matched, so the detector skipped this one. */
  'passed_over',
  /** The buffer was full and the oldest entry was dropped. */
  'buffer_full',
  /** A message that cannot be read. */
  'malformed',
  /** The node was deactivated, or the recording ended. */
  'closed',
] as const;

export type UnmatchedCause = (typeof UNMATCHED_CAUSES)[number];

export type UnmatchedCounts = Readonly<Record<UnmatchedCause, number>>;

/** Counts by cause. */
export interface UnmatchedView {
  readonly frames: UnmatchedCounts;
  readonly detections: UnmatchedCounts;
}

export type PairingOptions = Pick<
  ClassifierOptions,
  'detectionsSlopMs' | 'detectionsWaitMs' | 'detectionsBuffer'
>;

/** The header fields that pairing needs. */
export interface Stamped {
  readonly stamp: Stamp;
  readonly frameId: string;
}

interface Waiting<Item> {
  readonly item: Item;
  readonly stampNs: bigint;
  readonly frameId: string;
  readonly sinceNs: number;
}

export interface PairingEvents<Frame, Detections> {
  readonly onMatch: (frame: Frame, detections: Detections) => void;
  readonly onUnmatchedFrame: (frame: Frame, cause: UnmatchedCause) => void;
  readonly onUnmatchedDetections?: (detections: Detections, cause: UnmatchedCause) => void;
}

/** What waits on one side, in the order of arrival, and the counts of what ended without a counterpart. */
class WaitingSide<Item> {
  waiting: Waiting<Item>[] = [];
  unmatched = zeroCounts(UNMATCHED_CAUSES);
  readonly #onUnmatched: ((item: Item, cause: UnmatchedCause) => void) | undefined;

  constructor(onUnmatched: ((item: Item, cause: UnmatchedCause) => void) | undefined) {
    this.#onUnmatched = onUnmatched;
  }

  /** Removes the entries of which this is true. */
  take(isTaken: (entry: Waiting<unknown>) => boolean): Waiting<Item>[] {
    const taken = this.waiting.filter(isTaken);
    if (taken.length > 0) this.waiting = this.waiting.filter((entry) => !taken.includes(entry));
    return taken;
  }

  /** Tells of removed entries. */
  drop(entries: readonly Waiting<Item>[], cause: UnmatchedCause): void {
    for (const { item } of entries) {
      this.unmatched[cause] += 1;
      this.#onUnmatched?.(item, cause);
    }
  }
}

/**
 * Pairs frames with the detections in them by their stamps, whichever arrives first. With a slop, a message is matched
 * to the nearest frame. It waits until a frame with its stamp or a later one has arrived, because a nearer frame may
 * still follow. If both name a coordinate frame, it must be the same: several cameras may share a detector's topic.
 *
 * A match ends the wait of everything older on either side, since a detector never returns to skipped frames.
 */
export class DetectionPairing<Frame, Detections> {
  readonly frames: WaitingSide<Frame>;
  readonly detections: WaitingSide<Detections>;
  readonly #onMatch: (frame: Frame, detections: Detections) => void;
  /** For frames and messages from now on, and for those that wait. */
  options: PairingOptions;

  constructor(options: PairingOptions, events: PairingEvents<Frame, Detections>) {
    this.options = options;
    this.#onMatch = events.onMatch;
    this.frames = new WaitingSide(events.onUnmatchedFrame);
    this.detections = new WaitingSide(events.onUnmatchedDetections);
  }

  resetCounts(): void {
    this.frames.unmatched = zeroCounts(UNMATCHED_CAUSES);
    this.detections.unmatched = zeroCounts(UNMATCHED_CAUSES);
  }

  /** @param nowNs by a monotonic clock: that of the process or of the recording. */
  addFrame(frame: Frame, stamped: Stamped, nowNs: number): void {
    this.#add(this.frames, frame, stamped, nowNs);
  }

  addDetections(detections: Detections, stamped: Stamped, nowNs: number): void {
    this.#add(this.detections, detections, stamped, nowNs);
  }

  /** Ends the wait of entries that have waited too long; to be called periodically. */
  expire(nowNs: number): void {
    const waitNs = this.options.detectionsWaitMs * NS_PER_MS;
    const isDue = ({ sinceNs }: Waiting<unknown>): boolean => nowNs - sinceNs >= waitNs;
    this.#matchAll(isDue);
    this.#end(isDue, 'waited_too_long');
  }

  /** Ends the wait of all entries. */
  close(): void {
    this.#matchAll(() => true);
    this.#end(() => true, 'closed');
  }

  #add<Item>(side: WaitingSide<Item>, item: Item, { stamp, frameId }: Stamped, nowNs: number): void {
    this.expire(nowNs);
    side.waiting.push({ item, stampNs: stampToNs(stamp), frameId, sinceNs: nowNs });
    for (const detections of [...this.detections.waiting]) this.#match(detections, false);
    const excess = side.waiting.length - this.options.detectionsBuffer;
    if (excess > 0) side.drop(side.waiting.splice(0, excess), 'buffer_full');
  }

  /** Detections that waited for a nearer frame take the nearest present one. */
  #matchAll(isLast: (entry: Waiting<unknown>) => boolean): void {
    for (const detections of this.detections.waiting.filter(isLast)) this.#match(detections, true);
  }

  #end(isOver: (entry: Waiting<unknown>) => boolean, cause: UnmatchedCause): void {
    const [frames, detections] = [this.frames.take(isOver), this.detections.take(isOver)];
    this.frames.drop(frames, cause);
    this.detections.drop(detections, cause);
  }

  /** @param isLast do not wait for a nearer frame. */
  #match(detections: Waiting<Detections>, isLast: boolean): void {
    // An earlier match may have passed it over.
    if (!this.detections.waiting.includes(detections)) return;
    const candidates = this.frames.waiting.filter(({ frameId }) => isSameCamera(frameId, detections.frameId));
    let best: Waiting<Frame> | undefined;
    let bestNs = this.options.detectionsSlopMs * NS_PER_MS;
    for (const frame of candidates) {
      const apartNs = Math.abs(Number(frame.stampNs - detections.stampNs));
      if (apartNs > bestNs || (best !== undefined && apartNs === bestNs)) continue;
      best = frame;
      bestNs = apartNs;
    }
    if (best === undefined) return;
    const isNearest =
      bestNs === 0 || isLast || candidates.some(({ stampNs }) => stampNs >= detections.stampNs);
    if (isNearest) this.#meet(best, detections);
  }

  #meet(frame: Waiting<Frame>, detections: Waiting<Detections>): void {
    const isOlder = (than: Waiting<unknown>) => (one: Waiting<unknown>) =>
      one.stampNs < than.stampNs && isSameCamera(one.frameId, than.frameId);
    const passedFrames = this.frames.take(isOlder(frame));
    const passedDetections = this.detections.take(isOlder(detections));
    this.frames.take((one) => one === frame);
    this.detections.take((one) => one === detections);
    // Frames are sorted by stamp: the dropped ones are earlier.
    this.frames.drop(passedFrames, 'passed_over');
    this.detections.drop(passedDetections, 'passed_over');
    this.#onMatch(frame.item, detections.item);
  }
}

function isSameCamera(frameId: string, other: string): boolean {
  return frameId === other || frameId === '' || other === '';
}
