import { asEffvitError, type EffvitError } from '../core/EffvitError.js';
import type { RegionBox } from '../image/PictureRegion.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import { dropCauseOf } from './dropCauseOf.js';
import type { WorkerReport } from './HeldFrames.js';
import type { JudgedFrame, PoolModel } from './PoolOptions.js';
import type { RegionOutcome, RegionUnknownCause } from './RegionOutcome.js';
import type { RegionReading } from './RegionRecord.js';

/** Functions that make outcomes from the scores of regions. */
export type RegionReader<Value> = Pick<PoolModel<Value>, 'postprocess' | 'judgeRegions'>;

/** What else is known of a frame's boxes. */
export interface RegionTraits {
  /** Indices of the boxes that are classified, in their order; the others are unknown as `over_limit`. Default: all. */
  readonly places?: readonly number[];
  /** Ids of the boxes' tracks, see {@link JudgedRegion}. */
  readonly tracks?: readonly string[];
}

/** Some of a frame's regions. */
export interface RegionPart {
  readonly boxes: readonly RegionBox[];
  /** Indices of the boxes in the frame's list. */
  readonly places: readonly number[];
}

const NO_BOX: RegionBox = { leftPx: 0, topPx: 0, widthPx: 0, heightPx: 0 };

/** The share of a frame's regions that finished last, with the worker's report. */
export interface LastShare {
  readonly report: WorkerReport;
  readonly workerId: number;
  readonly generation: number;
  /** Time to copy the frame for this share and the shares before it. */
  readonly copyNs: number;
}

/**
 * The regions of one frame in the pool. Each region waits, or is computed by a worker as part of a share, or has its
 * outcome. The frame is done when every region has an outcome.
 */
export class FrameRegions<Value> {
  readonly boxes: readonly RegionBox[];
  readonly #tracks: readonly string[];
  #outcomes: RegionOutcome<Value>[];
  /** By place, if the model judges regions. */
  readonly #logits: (Float32Array | undefined)[] = [];
  #waiting: number[];
  #sharesOut = 0;
  #wasRead = false;
  #last: LastShare | undefined;
  /** Sum over all shares, on the main thread. */
  postprocessNs = 0;
  /** Number of tasks for the regions; a region in a task of four counts as a quarter. */
  taskCount = 0;
  computedCount = 0;

  constructor(boxes: readonly RegionBox[], { places = [...boxes.keys()], tracks = [] }: RegionTraits = {}) {
    this.boxes = boxes;
    this.#tracks = tracks;
    this.#outcomes = boxes.map(() => unknownOf('over_limit', undefined));
    this.#setUnknown(places, 'closed', undefined);
    this.#waiting = [...places];
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  get isDone(): boolean {
    return this.#waiting.length === 0 && this.#sharesOut === 0;
  }

  /** Whether a worker has answered for any region: then the frame ends in a result, not in a drop. */
  get wasRead(): boolean {
    return this.#wasRead;
  }

  get last(): LastShare | undefined {
    return this.#last;
  }

  /** Valid once {@link isDone}. */
  outcomes(): readonly RegionOutcome<Value>[] {
    return this.#outcomes;
  }

  /**
   * Divides the waiting regions into at most `count` shares whose sizes differ by one at most. Regions are sorted from
   * top to bottom, because a worker gets only the rows of its share.
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

  /** A worker never started its share: the regions wait again. */
  giveBack({ places }: RegionPart): void {
    this.#sharesOut -= 1;
    this.#waiting.push(...places);
  }

  /** Takes a worker's results for its share. @param error for regions that failed or were not started. */
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
        if (model.judgeRegions !== undefined) this.#logits[place] = reading.logits;
      }
      this.#outcomes[place] = outcomeOf(reading, model, failed);
    }
  }

  /** No worker could compute the share. */
  fail({ places }: RegionPart, cause: DropCause, error: EffvitError | undefined): void {
    this.#sharesOut -= 1;
    this.#setUnknown(places, cause, error);
  }

  /** Gives the waiting regions this drop cause; they are not computed. */
  giveUp(cause: DropCause, error: EffvitError | undefined): void {
    this.#setUnknown(this.#waiting, cause, error);
    this.#waiting = [];
  }

  /** Takes the final outcomes from the model's judge function; call it once, when the frame is done. */
  judge(
    judgeRegions: NonNullable<PoolModel<Value>['judgeRegions']>,
    frame: Pick<JudgedFrame, 'header' | 'admittedNs' | 'isSingle'>,
  ): void {
    const judged = this.#outcomes.map((outcome, place) => ({
      outcome,
      logits: this.#logits[place],
      track: this.#tracks[place] ?? '',
    }));
    this.#outcomes = [...judgeRegions(judged, frame)];
  }

  #setUnknown(places: readonly number[], cause: RegionUnknownCause, error: EffvitError | undefined): void {
    for (const place of places) this.#outcomes[place] = unknownOf(cause, error);
  }
}

function outcomeOf<Value>(
  reading: RegionReading,
  { postprocess }: Pick<RegionReader<Value>, 'postprocess'>,
  failed: RegionOutcome<Value>,
): RegionOutcome<Value> {
  switch (reading.status) {
    case 'done':
      try {
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
