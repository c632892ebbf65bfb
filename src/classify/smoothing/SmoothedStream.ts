import { ExponentialAverage } from './ExponentialAverage.js';
import { HeldClass, type HysteresisSettings } from './HeldClass.js';
import { MajorityVote } from './MajorityVote.js';

export const SMOOTHING_METHODS = ['exponential', 'majority', 'hysteresis'] as const;

export type SmoothingMethod = (typeof SMOOTHING_METHODS)[number];

export interface SmoothingSettings extends HysteresisSettings {
  /** `hysteresis` averages nothing: its scores are those of the frame. */
  readonly method: SmoothingMethod;
  /** The time constant of the exponential average, the window of the majority. */
  readonly timeNs: number;
  /** A longer time without a frame, or a larger step of the stamps in either direction, resets the stream. */
  readonly gapNs: number;
  /** Whether frames are sorted by stamp; an earlier stamp then means that the clock jumped. */
  readonly isOrdered: boolean;
}

/** State of a stream after a frame. */
export interface SmoothedView {
  /** One a class; valid until the next frame. */
  readonly scores: Float64Array;
  /** The class of the stream; because of the hysteresis another class may have a higher score. */
  readonly heldIndex: number;
}

/** The scores of one camera, or of one track, smoothed over time. */
export class SmoothedStream {
  #settings: SmoothingSettings;
  #average: ExponentialAverage | MajorityVote | undefined;
  #held = new HeldClass();
  #lastStampNs: bigint | undefined;
  #lastVoteNs: bigint | undefined;
  #view: SmoothedView | undefined;

  constructor(settings: SmoothingSettings) {
    this.#settings = settings;
  }

  /** From the next frame on. Another method resets the stream. */
  configure(settings: SmoothingSettings): void {
    if (settings.method !== this.#settings.method) this.#reset();
    this.#settings = settings;
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
      this.#view = { scores: smoothed, heldIndex: this.#held.take(smoothed, sinceNs, this.#settings) };
    }
    return this.#view;
  }

  /** Whether a frame of this time, or any later one, would find nothing of this stream: it would reset it. */
  hasEnded(stampNs: bigint): boolean {
    const { gapNs } = this.#settings;
    return this.#lastStampNs !== undefined && Math.abs(Number(stampNs - this.#lastStampNs)) > gapNs;
  }

  #smoothed(scores: Float64Array, sinceNs: number): Float64Array {
    const { method, timeNs } = this.#settings;
    if (method === 'hysteresis') return scores;
    this.#average ??= method === 'exponential' ? new ExponentialAverage() : new MajorityVote(scores.length);
    return this.#average.take(scores, sinceNs, timeNs);
  }

  /** Whether a later frame of its camera was already processed. */
  #isLate(stampNs: bigint): boolean {
    const { isOrdered, gapNs } = this.#settings;
    if (isOrdered || this.#lastStampNs === undefined) return false;
    const behindNs = Number(this.#lastStampNs - stampNs);
    return behindNs > 0 && behindNs <= gapNs;
  }

  #beginsAnew(stampNs: bigint, classCount: number | undefined): boolean {
    if (this.#lastStampNs !== undefined && stampNs < this.#lastStampNs) return true;
    if (this.#lastVoteNs !== undefined && Number(stampNs - this.#lastVoteNs) > this.#settings.gapNs)
      return true;
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
