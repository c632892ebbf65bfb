import { type Stamp, stampToNs } from '../core/Stamp.js';

const NS_PER_MS = 1e6;

/** Why a frame, or a message of the detector, was left without the other. */
export const UNMATCHED_CAUSES = [
  /** Nothing of its stamp came within the limit. */
  'waited_too_long',
  /** A later one of its camera met its counterpart: the detector left this one out. */
  'passed_over',
  /** So many waited already that the oldest had to go. */
  'buffer_full',
  /** A message that cannot be read. */
  'malformed',
  /** The node was deactivated, the recording ended. */
  'closed',
] as const;

export type UnmatchedCause = (typeof UNMATCHED_CAUSES)[number];

export type UnmatchedCounts = Readonly<Record<UnmatchedCause, number>>;

export interface PairingLimits {
  /** How far the two stamps may be apart; 0: they are equal. */
  readonly slopNs: number;
  /** How long one waits for the other. */
  readonly waitNs: number;
  /** Frames, and messages of the detector, that wait at most. */
  readonly bufferSize: number;
}

/** What has a header. */
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
 * Brings frames and what a detector found in them together by their stamps, whichever comes first. With a slop a
 * message meets the nearest frame, once a frame of its stamp or later is there, so that a nearer one is not still on its
 * way. Where both name a coordinate frame it must be the same: several cameras may share a detector's topic.
 *
 * A meeting ends the wait of what is older on either side, since a detector that skips frames does not come back to them.
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

  /** @param nowNs by a clock that does not go back: of the process, or of the recording. */
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

  /** Ends the wait of what has waited too long; to be called now and then. */
  expire(nowNs: number): void {
    const isDue = ({ sinceNs }: { readonly sinceNs: number }): boolean =>
      nowNs - sinceNs >= this.#limits.waitNs;
    if (this.#frames.some(isDue) || this.#detections.some(isDue)) {
      // What waited for a nearer frame takes the one that it has.
      for (const detections of this.#detections.filter(isDue)) this.#matchOne(detections, true);
    }
    const dueFrames = this.#frames.filter(isDue);
    const dueDetections = this.#detections.filter(isDue);
    if (dueFrames.length > 0) this.#frames = this.#frames.filter((frame) => !isDue(frame));
    if (dueDetections.length > 0) this.#detections = this.#detections.filter((one) => !isDue(one));
    this.#dropFrames(dueFrames, 'waited_too_long');
    this.#dropDetections(dueDetections, 'waited_too_long');
  }

  /** Ends the wait of all. */
  close(): void {
    for (const detections of [...this.#detections]) this.#matchOne(detections, true);
    this.#dropFrames(this.#frames.splice(0), 'closed');
    this.#dropDetections(this.#detections.splice(0), 'closed');
  }

  #match(): void {
    for (const detections of [...this.#detections]) this.#matchOne(detections, false);
  }

  /** @param isLast no frame is waited for that may be nearer. */
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
    // In the order of the stamps: what is dropped came before.
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

/** Limits as options spell them. */
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
