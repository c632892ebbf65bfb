import type { PauseGate } from './PauseGate.js';

export interface PlaybackClockOptions {
  /** Speed: 1 is the recording's own. Default 1. */
  readonly rate?: number;
  /** The time stops while the gate is paused. */
  readonly gate?: PauseGate;
  /** The current time in nanoseconds, by the same monotonic clock as the gate; for tests. */
  readonly nowNs?: () => bigint;
}

/**
 * The time of a recording during playback. It stays at the recording's start until the playback starts, then runs at
 * the playback rate, also between messages, and restarts with each pass of a loop.
 */
export class PlaybackClock {
  readonly #rate: number;
  readonly #gate: PauseGate | undefined;
  readonly #nowNs: () => bigint;
  #originNs: bigint;
  /** Playing time at the start of the pass; undefined before the first pass. */
  #startedNs: bigint | undefined;

  /** @param startNs The log time of the first message that will be played. */
  constructor(startNs: bigint, { rate = 1, gate, nowNs = process.hrtime.bigint }: PlaybackClockOptions = {}) {
    this.#originNs = startNs;
    this.#rate = rate;
    this.#gate = gate;
    this.#nowNs = nowNs;
  }

  /** Starts a pass: the time now runs from the log time of its first message. */
  begin(firstNs: bigint): void {
    this.#originNs = firstNs;
    this.#startedNs = this.#playedNs();
  }

  /** The recording's time now, nanoseconds since the epoch of its log times. */
  get timeNs(): bigint {
    if (this.#startedNs === undefined) return this.#originNs;
    const playedNs = this.#playedNs() - this.#startedNs;
    return this.#originNs + (this.#rate === 1 ? playedNs : BigInt(Math.round(Number(playedNs) * this.#rate)));
  }

  #playedNs(): bigint {
    return this.#nowNs() - (this.#gate?.pausedNs ?? 0n);
  }
}
