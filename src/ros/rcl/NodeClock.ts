import { monotonicNs } from '../../stats/monotonicNs.js';
import type { RclNode } from './rcl.js';

/** Clocks that are disciplined run by less than 500 millionths off: 50 µs in this time. */
const LOOK_PERIOD_NS = 100e6;

/**
 * A node's time for whoever asks at each frame: the system's, by the monotonic clock and their difference of a tenth of
 * a second ago at most, since rclnodejs makes two native objects to tell it; simulated time as it stands.
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

  /** Nanoseconds since the epoch; undefined while simulated time stands at 0, before /clock ticks. */
  nowNs(): bigint | undefined {
    if (this.#node.getClock().isRosTimeActive) {
      // What was known of the system's time is old when that comes back.
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
