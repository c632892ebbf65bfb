import type { PauseGate } from './PauseGate.js';

export interface PlaybackClockOptions {
  /** Speed: 1 is the recording's own. Default 1. */
  readonly rate?: number;
  /** While it is paused, the time stands still. */
  readonly gate?: PauseGate;
  /** Now, in nanoseconds, by the monotonic clock that the gate goes by too; for tests. */
  readonly nowNs?: () => bigint;
}

/**
 * The time of a recording while it is played: it stands at the recording's start until the playing begins, then runs
 * at its rate, also between messages, and begins anew with each pass of a loop.
 */
export class PlaybackClock {
  readonly #rate: number;
  readonly #gate: PauseGate | undefined;
  readonly #nowNs: () => bigint;
  #originNs: bigint;
  /** When the origin was, in playing time; undefined before the first pass. */
  #startedNs: bigint | undefined;

  /** @param startNs The log time of the first message that will be played. */
  constructor(startNs: bigint, { rate = 1, gate, nowNs = process.hrtime.bigint }: PlaybackClockOptions = {}) {
    this.#originNs = startNs;
    this.#rate = rate;
    this.#gate = gate;
    this.#nowNs = nowNs;
  }

  /** Begins a pass: from now on the time runs from that of the pass's first message. */
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
