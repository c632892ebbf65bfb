/** A time in the form of builtin_interfaces/Time: `sec` int32, `nanosec` uint32 below 1e9. */
export interface Stamp {
  readonly sec: number;
  readonly nanosec: number;
}

/** Nanoseconds since the epoch of the stamp's clock. */
export function stampToNs(stamp: Stamp): bigint {
  return BigInt(stamp.sec) * 1_000_000_000n + BigInt(stamp.nanosec);
}

/** The inverse of {@link stampToNs}. */
export function stampFromNs(timeNs: bigint): Stamp {
  let sec = timeNs / 1_000_000_000n;
  let nanosec = timeNs % 1_000_000_000n;
  if (nanosec < 0n) {
    // builtin_interfaces/Time wants nanosec in [0, 1e9) before the epoch too.
    sec -= 1n;
    nanosec += 1_000_000_000n;
  }
  return { sec: Number(sec), nanosec: Number(nanosec) };
}
