import { type Stamp, stampToNs } from '../core/Stamp.js';

const NS_PER_MS = 1e6;

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

export interface PairingLimits {
  /** Largest difference of the two stamps; 0: they must be equal. */
  readonly slopNs: number;
  /** How long either waits for the other. */
  readonly waitNs: number;
  /** Largest number of waiting frames, and of waiting detector messages. */
  readonly bufferSize: number;
}

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

function noneUnmatched(): Record<UnmatchedCause, number> {
  return Object.fromEntries(UNMATCHED_CAUSES.map((cause) => [cause, 0])) as Record<UnmatchedCause, number>;
}

/**
 * Pairs frames with the detections in them by their stamps, whichever arrives first. With a slop, a message is matched
 * to the nearest frame. It waits until a frame with its stamp or a later one has arrived, because a nearer frame may
 * still follow. If both name a coordinate frame, it must be the same: several cameras may share a detector's topic.
 *
 * A match ends the wait of everything older on either side, since a detector never returns to skipped frames.
 */
export class DetectionPairing<Frame, Detections> {
  readonly #events: PairingEvents<Frame, Detections>;
  #limits: PairingLimits;
  #frames: Waiting<Frame>[] = [];
  #detections: Waiting<Detections>[] = [];
  #unmatchedFrames = noneUnmatched();
  #unmatchedDetections = noneUnmatched();

  constructor(limits: PairingLimits, events: PairingEvents<Frame, Detections>) {
    this.#limits = limits;
    this.#events = events;
  }

  setLimits(limits: PairingLimits): void {
    this.#limits = limits;
  }

  /** Frames that wait. */
  get waitingFrames(): number {
    return this.#frames.length;
  }

  counts(): { readonly frames: UnmatchedCounts; readonly detections: UnmatchedCounts } {
    return { frames: { ...this.#unmatchedFrames }, detections: { ...this.#unmatchedDetections } };
  }

  resetCounts(): void {
    this.#unmatchedFrames = noneUnmatched();
    this.#unmatchedDetections = noneUnmatched();
  }

  /** A message of the detector that cannot be read. */
  countMalformed(): void {
    this.#unmatchedDetections.malformed += 1;
  }

  /** @param nowNs by a monotonic clock: that of the process or of the recording. */
  addFrame(frame: Frame, { stamp, frameId }: Stamped, nowNs: number): void {
    this.expire(nowNs);
    this.#frames.push({ item: frame, stampNs: stampToNs(stamp), frameId, sinceNs: nowNs });
    this.#match();
    const { bufferSize } = this.#limits;
    while (this.#frames.length > bufferSize) this.#dropFrames(this.#frames.splice(0, 1), 'buffer_full');
  }

  addDetections(detections: Detections, { stamp, frameId }: Stamped, nowNs: number): void {
    this.expire(nowNs);
    this.#detections.push({ item: detections, stampNs: stampToNs(stamp), frameId, sinceNs: nowNs });
    this.#match();
    const { bufferSize } = this.#limits;
    while (this.#detections.length > bufferSize) {
      this.#dropDetections(this.#detections.splice(0, 1), 'buffer_full');
    }
  }

  /** Ends the wait of entries that have waited too long; to be called periodically. */
  expire(nowNs: number): void {
    const isDue = ({ sinceNs }: { readonly sinceNs: number }): boolean =>
      nowNs - sinceNs >= this.#limits.waitNs;
    if (this.#frames.some(isDue) || this.#detections.some(isDue)) {
      // Detections that waited for a nearer frame take the nearest present one.
      for (const detections of this.#detections.filter(isDue)) this.#matchOne(detections, true);
    }
    const dueFrames = this.#frames.filter(isDue);
    const dueDetections = this.#detections.filter(isDue);
    if (dueFrames.length > 0) this.#frames = this.#frames.filter((frame) => !isDue(frame));
    if (dueDetections.length > 0) this.#detections = this.#detections.filter((one) => !isDue(one));
    this.#dropFrames(dueFrames, 'waited_too_long');
    this.#dropDetections(dueDetections, 'waited_too_long');
  }

  /** Ends the wait of all entries. */
  close(): void {
    for (const detections of [...this.#detections]) this.#matchOne(detections, true);
    this.#dropFrames(this.#frames.splice(0), 'closed');
    this.#dropDetections(this.#detections.splice(0), 'closed');
  }

  #match(): void {
    for (const detections of [...this.#detections]) this.#matchOne(detections, false);
  }

  /** @param isLast do not wait for a nearer frame. */
  #matchOne(detections: Waiting<Detections>, isLast: boolean): void {
    // An earlier match may have passed it over.
    if (!this.#detections.includes(detections)) return;
    const candidates = this.#frames.filter(({ frameId }) => isSameCamera(frameId, detections.frameId));
    let best: Waiting<Frame> | undefined;
    let bestNs = this.#limits.slopNs;
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
    const isOlder = (than: { readonly stampNs: bigint; readonly frameId: string }) => {
      return (one: { readonly stampNs: bigint; readonly frameId: string }): boolean =>
        one.stampNs < than.stampNs && isSameCamera(one.frameId, than.frameId);
    };
    const passedFrames = this.#frames.filter(isOlder(frame));
    const passedDetections = this.#detections.filter(isOlder(detections));
    this.#frames = this.#frames.filter((one) => one !== frame && !passedFrames.includes(one));
    this.#detections = this.#detections.filter(
      (one) => one !== detections && !passedDetections.includes(one),
    );
    // Frames are sorted by stamp: the dropped ones are earlier.
    this.#dropFrames(passedFrames, 'passed_over');
    this.#dropDetections(passedDetections, 'passed_over');
    this.#events.onMatch(frame.item, detections.item);
  }

  #dropFrames(frames: readonly Waiting<Frame>[], cause: UnmatchedCause): void {
    for (const { item } of frames) {
      this.#unmatchedFrames[cause] += 1;
      this.#events.onUnmatchedFrame(item, cause);
    }
  }

  #dropDetections(detections: readonly Waiting<Detections>[], cause: UnmatchedCause): void {
    for (const { item } of detections) {
      this.#unmatchedDetections[cause] += 1;
      this.#events.onUnmatchedDetections?.(item, cause);
    }
  }
}

function isSameCamera(frameId: string, other: string): boolean {
  return frameId === other || frameId === '' || other === '';
}

/** Limits from the options. */
export function pairingLimits(options: {
  readonly detectionsSlopMs: number;
  readonly detectionsWaitMs: number;
  readonly detectionsBuffer: number;
}): PairingLimits {
  return {
    slopNs: options.detectionsSlopMs * NS_PER_MS,
    waitNs: options.detectionsWaitMs * NS_PER_MS,
    bufferSize: options.detectionsBuffer,
  };
}
