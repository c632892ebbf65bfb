import { NS_PER_MS } from '../../stats/monotonicNs.js';
import type { ClassifierOptions } from '../classifierOptions.js';
import { ExponentialAverage } from './ExponentialAverage.js';
import { HeldClass } from './HeldClass.js';
import { MajorityVote } from './MajorityVote.js';

/**
 * `hysteresis` averages nothing: its scores are those of the frame. With `ordered` an earlier stamp means that the clock
 * jumped, else that the frame is late.
 */
export type SmoothingOptions = Pick<
  ClassifierOptions,
  'smoothing' | 'smoothingTimeMs' | 'smoothingGapMs' | 'hysteresisMargin' | 'hysteresisTimeMs' | 'ordered'
>;

/** State of a stream after a frame. */
export interface SmoothedView {
  /** One a class; valid until the next frame. */
  readonly scores: Float64Array;
  /** The class of the stream; because of the hysteresis another class may have a higher score. */
  readonly heldIndex: number;
}

/** The scores of one camera, or of one track, smoothed over time. */
export class SmoothedStream {
  #options: SmoothingOptions;
  #average: ExponentialAverage | MajorityVote | undefined;
  #held = new HeldClass();
  #lastStampNs: bigint | undefined;
  #lastVoteNs: bigint | undefined;
  #view: SmoothedView | undefined;

  constructor(options: SmoothingOptions) {
    this.#options = options;
  }

  /** From the next frame on. Another method resets the stream. */
  configure(options: SmoothingOptions): void {
    if (options.smoothing !== this.#options.smoothing) this.#reset();
    this.#options = options;
  }

  /**
   * @param scores one per class, of this frame; undefined for an UNKNOWN frame, which has no vote.
   * @param stampNs of the frame, by the camera's clock.
   * @returns undefined without a current state: before the first frame, and after a gap.
   */
  take(scores: Float64Array | undefined, stampNs: bigint): SmoothedView | undefined {
    if (this.#isLate(stampNs)) return this.#view;
    if (this.#beginsAnew(stampNs, scores?.length)) this.#reset();
    this.#lastStampNs = stampNs;
    if (scores !== undefined) {
      const sinceNs = this.#lastVoteNs === undefined ? 0 : Number(stampNs - this.#lastVoteNs);
      this.#lastVoteNs = stampNs;
      const smoothed = this.#smoothed(scores, sinceNs);
      this.#view = { scores: smoothed, heldIndex: this.#held.take(smoothed, sinceNs, this.#options) };
    }
    return this.#view;
  }

  /** Whether a frame of this time, or any later one, would find nothing of this stream: it would reset it. */
  hasEnded(stampNs: bigint): boolean {
    return this.#lastStampNs !== undefined && Math.abs(Number(stampNs - this.#lastStampNs)) > this.#gapNs;
  }

  get #gapNs(): number {
    return this.#options.smoothingGapMs * NS_PER_MS;
  }

  #smoothed(scores: Float64Array, sinceNs: number): Float64Array {
    const { smoothing, smoothingTimeMs } = this.#options;
    if (smoothing === 'hysteresis') return scores;
    this.#average ??=
      smoothing === 'exponential' ? new ExponentialAverage() : new MajorityVote(scores.length);
    return this.#average.take(scores, sinceNs, smoothingTimeMs * NS_PER_MS);
  }

  /** Whether a later frame of its camera was already processed. */
  #isLate(stampNs: bigint): boolean {
    if (this.#options.ordered || this.#lastStampNs === undefined) return false;
    const behindNs = Number(this.#lastStampNs - stampNs);
    return behindNs > 0 && behindNs <= this.#gapNs;
  }

  #beginsAnew(stampNs: bigint, classCount: number | undefined): boolean {
    if (this.#lastStampNs !== undefined && stampNs < this.#lastStampNs) return true;
    if (this.#lastVoteNs !== undefined && Number(stampNs - this.#lastVoteNs) > this.#gapNs) return true;
    return this.#view !== undefined && classCount !== undefined && classCount !== this.#view.scores.length;
  }

  #reset(): void {
    this.#average = undefined;
    this.#held = new HeldClass();
    this.#lastStampNs = undefined;
    this.#lastVoteNs = undefined;
    this.#view = undefined;
  }
}
