import { monotonicNs } from '../../stats/monotonicNs.js';

/** The kernel wakes a sleeping thread slightly more than 50 µs late, so the last part of the wait is a busy loop. */
const AWAKE_NS = 100_000;
const NS_PER_MS = 1e6;

const nobodyNotifies = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Blocks the thread until a point on the monotonic clock, within a few microseconds; not for the main thread. */
export function waitUntil(deadlineNs: number): void {
  for (;;) {
    const leftNs = deadlineNs - monotonicNs();
    if (leftNs <= 0) return;
    if (leftNs > AWAKE_NS) Atomics.wait(nobodyNotifies, 0, 0, (leftNs - AWAKE_NS) / NS_PER_MS);
  }
}
