/**
 * Limits each source to `maxFps` frames a second, evenly spaced. The next frame is accepted one period after the
 * accepted one was due, not after it arrived. Otherwise a camera slightly faster than the limit would drop to half its
 * rate. A new limit applies from the next frame on.
 */
export class RateLimiter {
  /** Due time of each source's last accepted frame. */
  readonly #lastDueNs = new Map<string, number>();
  #periodNs = 0;

  /** @param maxFps frames a second from each source; 0 accepts all. */
  constructor(maxFps = 0) {
    this.setMaxFps(maxFps);
  }

  setMaxFps(maxFps: number): void {
    this.#periodNs = maxFps > 0 ? 1e9 / maxFps : 0;
    if (this.#periodNs === 0) this.#lastDueNs.clear();
  }

  /** Whether a frame of `source` that arrives at `nowNs` of the monotonic clock is accepted. */
  admits(source: string, nowNs: number): boolean {
    if (this.#periodNs === 0) return true;
    const lastDueNs = this.#lastDueNs.get(source);
    const dueNs = lastDueNs === undefined ? nowNs : lastDueNs + this.#periodNs;
    if (nowNs < dueNs) return false;
    // After a pause longer than a period the schedule restarts, so that no burst follows the pause.
    const isLate = nowNs - dueNs > this.#periodNs;
    this.#lastDueNs.set(source, isLate ? nowNs : dueNs);
    return true;
  }
}
