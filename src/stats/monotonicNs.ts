export const NS_PER_MS = 1e6;

/**
 * Nanoseconds of the machine's monotonic clock: the same clock in every worker thread, so that a time taken
 * on one may be subtracted from one taken on another (performance.now() starts at zero in each thread). As a
 * number it is exact to the nanosecond for the first 104 days of a machine's uptime, to 2 ns afterwards.
 */
export function monotonicNs(): number {
  return Number(process.hrtime.bigint());
}
