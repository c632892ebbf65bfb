import { EffvitError, type EffvitErrorCode } from '../core/EffvitError.js';

/** Every reason why a received frame is not published. */
export const DROP_CAUSES = [
  /** The queue was full and the drop policy chose this frame. */
  'queue_full',
  /** Older than `max_age_ms` when its turn came. */
  'too_old',
  /** Over `max_fps` of its source. */
  'rate_limited',
  /** Not an image that can be read: encoding, size, length or compressed data. */
  'bad_image',
  /** The backend failed on this frame. */
  'inference_failed',
  /** Its worker thread ended before the result. */
  'worker_died',
  /** Its run took longer than allowed. */
  'timed_out',
  /** The pool was closed before its turn. */
  'closed',
  /** It was not ready in time: a later frame of its camera was published first. */
  'overtaken',
  /** The detector sent no message for it: its boxes were to be classified. */
  'unmatched',
] as const;

export type DropCause = (typeof DROP_CAUSES)[number];

export type DropCounts = Readonly<Record<DropCause, number>>;

/** A consistent snapshot: received = published + the sum of `dropped` + inFlight. */
export interface FrameCounts {
  readonly received: number;
  readonly published: number;
  readonly dropped: DropCounts;
  readonly inFlight: number;
}

const CAUSE_OF_ERROR: Readonly<Partial<Record<EffvitErrorCode, DropCause>>> = {
  BAD_IMAGE: 'bad_image',
  WORKER_DIED: 'worker_died',
  TIMED_OUT: 'timed_out',
  CLOSED: 'closed',
};

/** The drop cause of a frame that failed with this error. */
export function dropCauseOf(code: EffvitErrorCode): DropCause {
  return CAUSE_OF_ERROR[code] ?? 'inference_failed';
}

/** A count of 0 for each cause. */
export function zeroCounts<Cause extends string>(causes: readonly Cause[]): Record<Cause, number> {
  // The object has every cause of the list.
  return Object.fromEntries(causes.map((cause) => [cause, 0])) as Record<Cause, number>;
}

export function totalDropped(counts: FrameCounts): number {
  return DROP_CAUSES.reduce((sum, cause) => sum + counts.dropped[cause], 0);
}

/** @throws EffvitError INTERNAL if `counts` do not add up. */
export function assertBalanced(counts: FrameCounts): void {
  const accounted = counts.published + totalDropped(counts) + counts.inFlight;
  if (counts.received !== accounted || counts.inFlight < 0) {
    throw new EffvitError(
      'INTERNAL',
      `Frames do not add up: received ${counts.received}, published ${counts.published}, dropped ${totalDropped(counts)}, in flight ${counts.inFlight}; this is a defect of effvit.`,
    );
  }
}

/**
 * Counts frames by outcome. Each frame is received once, and then published or dropped once; in between it is in
 * flight. `reset` sets the counts to zero but keeps the frames in flight.
 */
export class FrameAccounting {
  #received = 0;
  #published = 0;
  #inFlight = 0;
  #dropped = zeroCounts(DROP_CAUSES);

  get inFlight(): number {
    return this.#inFlight;
  }

  receive(): void {
    this.#received += 1;
    this.#inFlight += 1;
  }

  publish(): void {
    this.#leave();
    this.#published += 1;
  }

  drop(cause: DropCause): void {
    this.#leave();
    this.#dropped[cause] += 1;
  }

  counts(): FrameCounts {
    return {
      received: this.#received,
      published: this.#published,
      dropped: { ...this.#dropped },
      inFlight: this.#inFlight,
    };
  }

  /** Sets all counts to zero. Frames in flight count as received in the new period. */
  reset(): void {
    this.#received = this.#inFlight;
    this.#published = 0;
    this.#dropped = zeroCounts(DROP_CAUSES);
  }

  #leave(): void {
    if (this.#inFlight === 0) {
      throw new EffvitError('INTERNAL', 'A frame was completed twice; this is a defect of effvit.');
    }
    this.#inFlight -= 1;
  }
}
