import type { FetchLimits } from './FetchLimits.js';

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

/** A Retry-After header (RFC 9110, 10.2.3: seconds or an HTTP date) in milliseconds; undefined if unusable. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  // Date.parse alone takes almost anything, `-5` for example.
  const atMs = /^[A-Z][a-z]+,? .*GMT$/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
