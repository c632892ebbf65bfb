import { EventEmitter, once } from 'node:events';

export interface PlaybackClockOptions {
  /** Speed: 1 is the recording's own. Default 1. */
  readonly rate?: number;
  readonly isPaused?: boolean;
  /** The current time in nanoseconds, monotonic; for tests and virtual time. */
  readonly nowNs?: (() => bigint) | undefined;
}

/**
 * The time of a recording during playback. It stays at the recording's start until the playback starts, then runs at
 * the playback rate, also between messages, and restarts with each pass of a loop. It stops while it is paused.
 */
export class PlaybackClock {
  readonly #rate: number;
  readonly #nowNs: () => bigint;
  readonly #events = new EventEmitter().setMaxListeners(0);
  #pausedSinceNs: bigint | undefined;
  /** Total duration of the pauses that are over. */
  #pausedNs = 0n;
  #originNs = 0n;
  /** Playing time at the start of the pass; undefined before the first pass. */
  #startedNs: bigint | undefined;

  constructor({ rate = 1, isPaused = false, nowNs = process.hrtime.bigint }: PlaybackClockOptions = {}) {
    this.#rate = rate;
    this.#nowNs = nowNs;
    if (isPaused) this.pause();
  }

  get isPaused(): boolean {
    return this.#pausedSinceNs !== undefined;
  }

  pause(): void {
    this.#pausedSinceNs ??= this.#nowNs();
  }

  resume(): void {
    if (this.#pausedSinceNs === undefined) return;
    this.#pausedNs += this.#nowNs() - this.#pausedSinceNs;
    this.#pausedSinceNs = undefined;
    this.#events.emit('resumed');
  }

  /** Resolves when it is not paused, or when the signal is aborted. */
  async resumed(signal?: AbortSignal): Promise<void> {
    while (this.isPaused && signal?.aborted !== true) {
      await once(this.#events, 'resumed', { signal }).catch(() => undefined);
    }
  }

  /** Stays at the log time of the first message that will be played, until {@link begin}. */
  standAt(startNs: bigint): void {
    this.#originNs = startNs;
  }

  /** Starts a pass: the time now runs from the log time of its first message. */
  begin(firstNs: bigint): void {
    this.#originNs = firstNs;
    this.#startedNs = this.playedNs;
  }

  /** The recording's time now, nanoseconds since the epoch of its log times. */
  get timeNs(): bigint {
    if (this.#startedNs === undefined) return this.#originNs;
    const playedNs = this.playedNs - this.#startedNs;
    return this.#originNs + (this.#rate === 1 ? playedNs : BigInt(Math.round(Number(playedNs) * this.#rate)));
  }

  /** Monotonic time without the pauses, nanoseconds. */
  get playedNs(): bigint {
    return (this.#pausedSinceNs ?? this.#nowNs()) - this.#pausedNs;
  }
}
