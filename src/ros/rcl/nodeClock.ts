import { monotonicNs } from '../../stats/monotonicNs.js';
import type { RclNode } from './rcl.js';

/** A disciplined clock deviates by less than 500 ppm: 50 µs in this time. */
const LOOK_PERIOD_NS = 100e6;

/**
 * A node's time, cheap enough to read for each frame. Reading the clock through rclnodejs creates two native objects,
 * so the system time is computed from the monotonic clock and an offset that is at most 0.1 s old. Simulated time is
 * read directly.
 *
 * @returns function for nanoseconds since the epoch; undefined while simulated time is 0, before the first /clock message.
 */
export function nodeClock(
  node: Pick<RclNode, 'now' | 'getClock'>,
  monotonic = monotonicNs,
): () => bigint | undefined {
  let offsetNs = 0n;
  let lookedNs = Number.NEGATIVE_INFINITY;
  return () => {
    if (node.getClock().isRosTimeActive) {
      // The stored offset is outdated when the node returns to system time.
      lookedNs = Number.NEGATIVE_INFINITY;
      return node.now().nanoseconds || undefined;
    }
    const nowNs = monotonic();
    if (nowNs - lookedNs > LOOK_PERIOD_NS) {
      offsetNs = node.now().nanoseconds - BigInt(Math.round(nowNs));
      lookedNs = nowNs;
    }
    return BigInt(Math.round(nowNs)) + offsetNs;
  };
}
