import { asEffvitError, type EffvitError } from '../core/EffvitError.js';
import type { RegionBox } from '../image/PictureRegion.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import { dropCauseOf } from './dropCauseOf.js';
import type { WorkerReport } from './HeldFrames.js';
import type { PoolModel } from './PoolOptions.js';
import type { RegionOutcome, RegionUnknownCause } from './RegionOutcome.js';
import type { RegionReading } from './RegionRecord.js';

/** What makes an outcome of a region's scores. */
export type RegionReader<Value> = Pick<PoolModel<Value>, 'postprocess' | 'doubtRegion'>;

/** Some of a frame's regions. */
export interface RegionPart {
  readonly boxes: readonly RegionBox[];
  /** Where the boxes stand among the frame's. */
  readonly places: readonly number[];
}

const NO_BOX: RegionBox = { leftPx: 0, topPx: 0, widthPx: 0, heightPx: 0 };

/** The share of a frame's regions that was done last, with what the worker tells of it. */
export interface LastShare {
  readonly report: WorkerReport;
  readonly workerId: number;
  readonly generation: number;
  /** Copying the frame for it and for the shares before it. */
  readonly copyNs: number;
}

/**
 * The regions of one frame on their way through the pool: each waits, is with a worker as part of a share, or has its
 * outcome. The frame is done when all have one.
 */
export class FrameRegions<Value> {
  readonly boxes: readonly RegionBox[];
  /** Further regions of the frame, which are not classified. */
  readonly overLimit: number;
  readonly #outcomes: (RegionOutcome<Value> | undefined)[];
  #waiting: number[];
  #sharesOut = 0;
  #wasRead = false;
  #last: LastShare | undefined;
  /** On the main thread, for all shares together. */
  postprocessNs = 0;
  /** Tasks that computed the regions; a region of a task of four counts a quarter. */
  taskCount = 0;
  computedCount = 0;

  constructor(boxes: readonly RegionBox[], overLimit: number) {
    this.boxes = boxes;
    this.overLimit = overLimit;
    this.#outcomes = boxes.map(() => undefined);
    this.#waiting = boxes.map((_, place) => place);
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  get isDone(): boolean {
    return this.#waiting.length === 0 && this.#sharesOut === 0;
  }

  /** Whether a worker has answered for any of them: the frame ends in a result then, not in a drop. */
  get wasRead(): boolean {
    return this.#wasRead;
  }

  get last(): LastShare | undefined {
    return this.#last;
  }

  /** Once {@link isDone}. */
  outcomes(): readonly RegionOutcome<Value>[] {
    return this.#outcomes.map((outcome) => outcome ?? { kind: 'unknown', cause: 'closed' });
  }

  /**
   * Divides the waiting regions over so many workers, in shares that differ by one region at most, from the top of the
   * picture to its bottom: a worker gets the rows of its own share.
   */
  takeShares(count: number): RegionPart[] {
    const middle = (place: number): number => {
      const { topPx = 0, heightPx = 0 } = this.boxes[place] ?? {};
      const y = topPx + heightPx / 2;
      return Number.isFinite(y) ? y : 0;
    };
    const waiting = this.#waiting.toSorted((a, b) => middle(a) - middle(b));
    this.#waiting = [];
    const shares = Math.min(count, waiting.length);
    this.#sharesOut += shares;
    return Array.from({ length: shares }, (_, index) => {
      const from = Math.round((index * waiting.length) / shares);
      const to = Math.round(((index + 1) * waiting.length) / shares);
      const places = waiting.slice(from, to);
      return { places, boxes: places.map((place) => this.boxes[place] ?? NO_BOX) };
    });
  }

  /** A worker never looked at its share: the regions wait again. */
  giveBack({ places }: RegionPart): void {
    this.#sharesOut -= 1;
    this.#waiting.push(...places);
  }

  /** What a worker made of its share. @param error of those that failed, and of those that it did not come to. */
  settle(
    { places }: RegionPart,
    readings: readonly RegionReading[],
    model: RegionReader<Value>,
    last: LastShare,
    error: EffvitError | undefined,
  ): void {
    this.#sharesOut -= 1;
    this.#wasRead = true;
    this.#last = last;
    const failed = unknownOf(error === undefined ? 'inference_failed' : dropCauseOf(error.code), error);
    for (const [index, place] of places.entries()) {
      const reading = readings[index] ?? { status: 'pending' };
      if (reading.status === 'done') {
        this.computedCount += 1;
        this.taskCount += 1 / reading.batchSize;
      }
      this.#outcomes[place] = outcomeOf(reading, model, failed);
    }
  }

  /** No worker could do the share. */
  fail({ places }: RegionPart, cause: DropCause, error: EffvitError | undefined): void {
    this.#sharesOut -= 1;
    for (const place of places) this.#outcomes[place] = unknownOf(cause, error);
  }

  /** The regions that wait are not to be done any more. */
  giveUp(cause: DropCause, error: EffvitError | undefined): void {
    for (const place of this.#waiting) this.#outcomes[place] = unknownOf(cause, error);
    this.#waiting = [];
  }
}

function outcomeOf<Value>(
  reading: RegionReading,
  { postprocess, doubtRegion }: RegionReader<Value>,
  failed: RegionOutcome<Value>,
): RegionOutcome<Value> {
  switch (reading.status) {
    case 'done':
      try {
        const doubt = doubtRegion?.(reading.logits);
        if (doubt !== undefined) return unknownOf(doubt, undefined);
        return { kind: 'classified', region: reading.region, value: postprocess(reading.logits) };
      } catch (thrown) {
        const error = asEffvitError(thrown, 'INFERENCE_FAILED', 'Postprocessing failed');
        return unknownOf('inference_failed', error);
      }
    case 'failed':
    case 'pending':
      return failed;
    default:
      return unknownOf(reading.status, undefined);
  }
}

function unknownOf(cause: RegionUnknownCause, error: EffvitError | undefined): RegionOutcome<never> {
  return { kind: 'unknown', cause, ...(error !== undefined && { error }) };
}
