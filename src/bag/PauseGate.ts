import { EventEmitter, once } from 'node:events';

/** Pauses and resumes a playback. */
export class PauseGate {
  readonly #nowNs: () => bigint;
  readonly #events = new EventEmitter().setMaxListeners(0);
  #pausedSinceNs: bigint | undefined;
  #earlierNs = 0n;

  /** @param nowNs The playback's monotonic clock. */
  constructor(isPaused = false, nowNs: () => bigint = process.hrtime.bigint) {
    this.#nowNs = nowNs;
    if (isPaused) this.pause();
  }

  get isPaused(): boolean {
    return this.#pausedSinceNs !== undefined;
  }

  /** Total duration of the pauses so far, nanoseconds. */
  get pausedNs(): bigint {
    return this.#earlierNs + (this.#pausedSinceNs === undefined ? 0n : this.#nowNs() - this.#pausedSinceNs);
  }

  pause(): void {
    this.#pausedSinceNs ??= this.#nowNs();
  }

  resume(): void {
    this.#earlierNs = this.pausedNs;
    this.#pausedSinceNs = undefined;
    this.#events.emit('resumed');
  }

  /** Resolves when the gate is not paused, or when the signal is aborted. */
  async opened(signal?: AbortSignal): Promise<void> {
    while (this.isPaused && signal?.aborted !== true) {
      await once(this.#events, 'resumed', { signal }).catch(() => undefined);
    }
  }
}
