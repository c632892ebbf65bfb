/** As rosbag2's player ticks by default: 40 Hz. */
export const CLOCK_PERIOD_MS = 25;

/** Tells a playback's time at a steady rate, and at once where something is about to be published. */
export class ClockTicks {
  readonly #tell: () => void;
  readonly #timer: NodeJS.Timeout;

  /** Ticks at once and from then on; also while the time stands still, for those that join late. */
  constructor(clock: { readonly timeNs: bigint }, publish: (timeNs: bigint) => void) {
    this.#tell = () => publish(clock.timeNs);
    this.#tell();
    this.#timer = setInterval(this.#tell, CLOCK_PERIOD_MS);
  }

  /** One tick before the next is due. */
  tick(): void {
    this.#tell();
  }

  /** No tick comes afterwards. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
