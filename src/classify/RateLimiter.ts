/**
 * Thins each source to at most `maxFps` frames a second, evenly: after a frame was taken the next one is taken
 * a period later, counted from when it was due, so that a camera slightly faster than the limit keeps the
 * limit's rate and not half its own. Another limit holds from the next frame on.
 */
export class RateLimiter {
  /** When the last frame that was taken of each source was due. */
  readonly #lastDueNs = new Map<string, number>();
  #periodNs = 0;

  /** @param maxFps frames a second from each source; 0 takes all. */
  constructor(maxFps = 0) {
    this.setMaxFps(maxFps);
  }

  setMaxFps(maxFps: number): void {
    this.#periodNs = maxFps > 0 ? 1e9 / maxFps : 0;
    if (this.#periodNs === 0) this.#lastDueNs.clear();
  }

  /** Whether a frame of `source` that arrives at `nowNs` of the monotonic clock is taken. */
  admits(source: string, nowNs: number): boolean {
    if (this.#periodNs === 0) return true;
    const lastDueNs = this.#lastDueNs.get(source);
    const dueNs = lastDueNs === undefined ? nowNs : lastDueNs + this.#periodNs;
    if (nowNs < dueNs) return false;
    // After a pause longer than a period the count starts anew: no burst makes up for the pause.
    const isLate = nowNs - dueNs > this.#periodNs;
    this.#lastDueNs.set(source, isLate ? nowNs : dueNs);
    return true;
  }
}
