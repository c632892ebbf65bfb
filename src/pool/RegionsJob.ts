import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import type { RegionBox } from '../image/PictureRegion.js';
import { type DropCause, dropCauseOf } from '../stats/FrameAccounting.js';
import { FrameJob, type FramePart, type SubmitOptions } from './FrameJob.js';
import type { WorkerReport } from './HeldFrames.js';
import type { PoolModel, StreamFrame } from './PoolOptions.js';
import type { RegionOutcome, RegionUnknownCause } from './RegionOutcome.js';
import { MAX_REGIONS, type RegionReading } from './RegionRecord.js';

/** What else is known of a frame's boxes. */
export interface RegionTraits extends Pick<SubmitOptions, 'isSingle'> {
  /** Indices of the boxes that are classified, in their order; the others are unknown as `over_limit`. Default: all. */
  readonly places?: readonly number[];
  /** Ids of the boxes' tracks, see {@link JudgedRegion}. */
  readonly tracks?: readonly string[];
}

const NO_BOX: RegionBox = { leftPx: 0, topPx: 0, widthPx: 0, heightPx: 0 };

/**
 * A frame whose regions are classified. A part of it is a worker's share of the regions. The frame has a result if a
 * worker has answered for any of them.
 */
export class RegionsJob<Value> extends FrameJob<Value> {
  readonly #boxes: readonly RegionBox[];
  readonly #tracks: readonly string[];
  #outcomes: RegionOutcome<Value>[];
  /** By place, if the model judges regions. */
  readonly #logits: (Float32Array | undefined)[] = [];
  #waiting: readonly number[];
  #sharesOut = 0;
  #wasRead = false;

  /** @throws EffvitError OUT_OF_RANGE for more than MAX_REGIONS boxes to classify. */
  constructor(
    frame: ImageFrame,
    boxes: readonly RegionBox[],
    { places = [...boxes.keys()], tracks = [], ...options }: RegionTraits,
    admittedNs: number,
    model: PoolModel<Value>,
  ) {
    super(frame, options, admittedNs, model);
    if (places.length > MAX_REGIONS) {
      throw new EffvitError(
        'OUT_OF_RANGE',
        `Expected up to ${MAX_REGIONS} regions of a frame but received ${places.length}.`,
      );
    }
    this.#boxes = boxes;
    this.#tracks = tracks;
    this.#outcomes = boxes.map(() => unknownOf('over_limit', undefined));
    this.#setUnknown(places, 'closed', undefined);
    this.#waiting = places;
  }

  override get isDone(): boolean {
    return this.#waiting.length === 0 && this.#sharesOut === 0;
  }

  override get regions(): readonly RegionOutcome<Value>[] {
    return this.#outcomes;
  }

  /**
   * Shares whose sizes differ by one at most. Regions are sorted from top to bottom, because a worker gets only the
   * rows of its share.
   */
  override takeParts(count: number): readonly FramePart<Value>[] {
    const middle = (place: number): number => {
      const { topPx = 0, heightPx = 0 } = this.#boxes[place] ?? {};
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
      return { job: this, places, boxes: places.map((place) => this.#boxes[place] ?? NO_BOX), copyNs: 0 };
    });
  }

  override giveBack({ places = [] }: FramePart<Value>): boolean {
    // If another share was given back before, the frame is queued already.
    const isQueued = this.#waiting.length > 0;
    this.#sharesOut -= 1;
    this.#waiting = [...this.#waiting, ...places];
    return !isQueued;
  }

  override fail({ places = [] }: FramePart<Value>, error: EffvitError): void {
    const cause = dropCauseOf(error.code);
    this.#sharesOut -= 1;
    this.#setUnknown(places, cause, error);
    this.#endUnread(cause, error);
  }

  override giveUp(cause: DropCause, error: EffvitError | undefined): void {
    this.#setUnknown(this.#waiting, cause, error);
    this.#waiting = [];
    this.#endUnread(cause, error);
  }

  override retain(): void {
    // The readings of regions are copies.
  }

  protected override read(
    { places = [] }: FramePart<Value>,
    report: WorkerReport,
    error: EffvitError | undefined,
  ): void {
    const { model } = this;
    this.#sharesOut -= 1;
    this.#wasRead = true;
    const failed = unknownOf(error === undefined ? 'inference_failed' : dropCauseOf(error.code), error);
    for (const [index, place] of places.entries()) {
      const reading = report.regions[index] ?? { status: 'pending' };
      if (reading.status === 'done') {
        this.inputCount += 1;
        this.taskCount += 1 / reading.batchSize;
        if (model.judgeRegions !== undefined) this.#logits[place] = reading.logits;
      }
      this.#outcomes[place] = outcomeOf(reading, model, failed);
    }
  }

  protected override decide(frame: StreamFrame): void {
    const { judgeRegions } = this.model;
    if (judgeRegions === undefined) return;
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

  #endUnread(cause: DropCause, error: EffvitError | undefined): void {
    if (this.isDone && !this.#wasRead) this.ending = { cause, error };
  }
}

function outcomeOf<Value>(
  reading: RegionReading,
  { postprocess }: PoolModel<Value>,
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
