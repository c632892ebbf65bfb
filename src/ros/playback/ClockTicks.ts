/** The default of rosbag2's player: 40 Hz. */
const CLOCK_PERIOD_MS = 25;

/** Publishes a playback's time at a steady rate, and also right before a message is published. */
export class ClockTicks {
  /** Publishes the time now; call it before a message whose time must not be ahead of /clock. */
  readonly tick: () => void;
  readonly #timer: NodeJS.Timeout;

  /** Ticks immediately and then periodically, also while the time stands still, for late subscribers. */
  constructor(clock: { readonly timeNs: bigint }, publish: (timeNs: bigint) => void) {
    this.tick = () => publish(clock.timeNs);
    this.tick();
    this.#timer = setInterval(this.tick, CLOCK_PERIOD_MS);
  }

  /** Ends the ticks. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
