/** Limits of a download; every wait in it ends. */
export interface FetchLimits {
  readonly connectTimeoutMs: number;
  /** From the request to the response's head. */
  readonly headersTimeoutMs: number;
  /** Longest silence inside a body. */
  readonly stallTimeoutMs: number;
  /** Attempts in a row without {@link progressBytes} more on disk. */
  readonly maxAttempts: number;
  /** Bytes that an attempt must add to reset the count of attempts. */
  readonly progressBytes: number;
  /** Back-off before retry n is random in [0.5, 1] x min(maxDelayMs, baseDelayMs x 2^(n-1)). */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** A longer Retry-After is not waited for. */
  readonly maxRetryAfterMs: number;
  readonly maxRedirects: number;
  /** Larger than any model; ends an endless body. */
  readonly maxBytes: number;
  /** How long to wait for another process that pulls the same model. */
  readonly lockTimeoutMs: number;
  /** How long the lock of a dead process stays valid, at least 2000. */
  readonly lockStaleMs: number;
}

export const DEFAULT_FETCH_LIMITS: FetchLimits = {
  connectTimeoutMs: 15_000,
  headersTimeoutMs: 30_000,
  stallTimeoutMs: 30_000,
  maxAttempts: 6,
  progressBytes: 1 << 20,
  baseDelayMs: 1_000,
  maxDelayMs: 30_000,
  maxRetryAfterMs: 120_000,
  maxRedirects: 10,
  maxBytes: 4 * 1024 ** 3,
  lockTimeoutMs: 30 * 60_000,
  lockStaleMs: 20_000,
};

/**
 * Time before retry `retry` (1 is the first), milliseconds: exponential, with the upper half random so that
 * many robots that lost one server do not come back at once.
 */
export function backOffMs(
  retry: number,
  limits: Pick<FetchLimits, 'baseDelayMs' | 'maxDelayMs'>,
  random: () => number = Math.random,
): number {
  const fullMs = Math.min(limits.maxDelayMs, limits.baseDelayMs * 2 ** (retry - 1));
  return Math.round(fullMs * (0.5 + 0.5 * random()));
}
