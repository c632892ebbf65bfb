import { monotonicNs } from '../../stats/monotonicNs.js';

/** The kernel wakes a sleeper 50 µs late and a little more: that much is spent awake. */
const AWAKE_NS = 100_000;
const NS_PER_MS = 1e6;

const nobodyNotifies = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Blocks the thread until a point of the monotonic clock, to a few microseconds; never on the main thread. */
export function waitUntil(deadlineNs: number): void {
  for (;;) {
    const leftNs = deadlineNs - monotonicNs();
    if (leftNs <= 0) return;
    if (leftNs > AWAKE_NS) Atomics.wait(nobodyNotifies, 0, 0, (leftNs - AWAKE_NS) / NS_PER_MS);
  }
}
