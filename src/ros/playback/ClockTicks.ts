/** As rosbag2's player ticks by default: 40 Hz. */
export const CLOCK_PERIOD_MS = 25;

/** Tells a playback's time at a steady rate, and at once where something is about to be published. */
export class ClockTicks {
  /** One tick; besides those of the timer, before something that must not be ahead of the time. */
  readonly tick: () => void;
  readonly #timer: NodeJS.Timeout;

  /** Ticks at once and from then on; also while the time stands still, for those that join late. */
  constructor(clock: { readonly timeNs: bigint }, publish: (timeNs: bigint) => void) {
    this.tick = () => publish(clock.timeNs);
    this.tick();
    this.#timer = setInterval(this.tick, CLOCK_PERIOD_MS);
  }

  /** No tick comes afterwards. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
