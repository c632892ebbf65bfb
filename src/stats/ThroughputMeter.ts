const SLOTS = 20;

/**
 * Events a second over the last `windowMs`, in fixed memory: the window is cut into twenty slots, so the
 * span that a rate is taken over is between 19/20 and the whole of it.
 */
export class ThroughputMeter {
  readonly #slotNs: number;
  readonly #counts = new Uint32Array(SLOTS);
  /** Number of the newest slot since the clock's zero; NaN before the first event. */
  #newestSlot = Number.NaN;
  #firstNs = Number.NaN;

  constructor(windowMs = 5000) {
    this.#slotNs = (windowMs * 1e6) / SLOTS;
  }

  /** Counts events, one where no number is given, at `nowNs` of the monotonic clock. */
  mark(nowNs: number, events = 1): void {
    this.#turnTo(nowNs);
    if (Number.isNaN(this.#firstNs)) this.#firstNs = nowNs;
    const index = this.#newestSlot % SLOTS;
    this.#counts[index] = (this.#counts[index] ?? 0) + events;
  }

  /** Events in the window that ends at `nowNs`. */
  recent(nowNs: number): number {
    this.#turnTo(nowNs);
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** Events a second until `nowNs`; 0 before the second event, and once a whole window has passed without one. */
  ratePerSecond(nowNs: number): number {
    this.#turnTo(nowNs);
    if (Number.isNaN(this.#firstNs)) return 0;
    const events = this.recent(nowNs);
    const windowStartNs = (this.#newestSlot - SLOTS + 1) * this.#slotNs;
    if (this.#firstNs >= windowStartNs) {
      // The series began inside the window: n events are n - 1 intervals.
      const spanNs = nowNs - this.#firstNs;
      return spanNs <= 0 ? 0 : ((events - 1) * 1e9) / spanNs;
    }
    return (events * 1e9) / (nowNs - windowStartNs);
  }

  reset(): void {
    this.#counts.fill(0);
    this.#newestSlot = Number.NaN;
    this.#firstNs = Number.NaN;
  }

  #turnTo(nowNs: number): void {
    const slot = Math.floor(nowNs / this.#slotNs);
    if (Number.isNaN(this.#newestSlot) || slot - this.#newestSlot >= SLOTS) {
      this.#counts.fill(0);
      this.#newestSlot = slot;
      // The next event starts a new series: the silence before it must not count as its window.
      this.#firstNs = Number.NaN;
      return;
    }
    while (this.#newestSlot < slot) {
      this.#newestSlot += 1;
      this.#counts[this.#newestSlot % SLOTS] = 0;
    }
  }
}
