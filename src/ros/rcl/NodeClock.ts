import { monotonicNs } from '../../stats/monotonicNs.js';
import type { RclNode } from './rcl.js';

/** A disciplined clock deviates by less than 500 ppm: 50 µs in this time. */
const LOOK_PERIOD_NS = 100e6;

/**
 * A node's time, cheap enough to read for each frame. Reading the clock through rclnodejs creates two native objects,
 * so the system time is computed from the monotonic clock and an offset that is at most 0.1 s old. Simulated time is
 * read directly.
 */
export class NodeClock {
  readonly #node: Pick<RclNode, 'now' | 'getClock'>;
  readonly #monotonicNs: () => number;
  #offsetNs = 0n;
  #lookedNs = Number.NEGATIVE_INFINITY;

  constructor(node: Pick<RclNode, 'now' | 'getClock'>, monotonic = monotonicNs) {
    this.#node = node;
    this.#monotonicNs = monotonic;
  }

  /** Nanoseconds since the epoch; undefined while simulated time is 0, before the first /clock message. */
  nowNs(): bigint | undefined {
    if (this.#node.getClock().isRosTimeActive) {
      // The stored offset is outdated when the node returns to system time.
      this.#lookedNs = Number.NEGATIVE_INFINITY;
      return this.#node.now().nanoseconds || undefined;
    }
    const monotonic = this.#monotonicNs();
    if (monotonic - this.#lookedNs > LOOK_PERIOD_NS) {
      this.#offsetNs = this.#node.now().nanoseconds - BigInt(Math.round(monotonic));
      this.#lookedNs = monotonic;
    }
    return BigInt(Math.round(monotonic)) + this.#offsetNs;
  }
}
