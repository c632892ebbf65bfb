import { type Dispatcher, request } from 'undici';
import { AttemptError, asAttemptError, fatalError } from './AttemptError.js';
import type { FetchLimits } from './FetchLimits.js';

export interface OpenResponse {
  readonly status: 200 | 206;
  readonly body: Dispatcher.ResponseData['body'];
  /** Lower-case names; the first value where a header came more than once. */
  readonly header: (name: string) => string | undefined;
  /** The publisher's SHA-256, if a redirect names one (Hugging Face: X-Linked-Etag). */
  readonly publishedSha256: string | undefined;
}

export interface OpenOptions {
  readonly dispatcher: Dispatcher;
  readonly limits: FetchLimits;
  readonly signal: AbortSignal;
}

/**
 * Requests `url` and follows redirects, with the same additional headers each time. Redirects are followed here because one may
 * carry the file's checksum, and because one from https to http is refused.
 *
 * @throws AttemptError for every answer but 200 and 206. Status 416 has the kind `retry`.
 */
export async function openResponse(
  url: string,
  options: OpenOptions,
  headers?: Readonly<Record<string, string>>,
): Promise<OpenResponse> {
  let current = new URL(url);
  let publishedSha256: string | undefined;
  for (let hop = 0; hop <= options.limits.maxRedirects; hop++) {
    const response = await send(current, options, headers);
    const header = (name: string): string | undefined => [response.headers[name]].flat()[0];
    publishedSha256 ??= /^"([0-9a-f]{64})"$/.exec(header('x-linked-etag') ?? '')?.[1];
    const { statusCode: status, body } = response;
    if (status === 200 || status === 206) {
      refuseCodedOrHtml(header);
      return { status, body, header, publishedSha256 };
    }
    // Read to its end (up to 128 KiB), so that the connection can be reused.
    await body.dump({ limit: 128 * 1024 }).catch(() => undefined);
    if (![301, 302, 303, 307, 308].includes(status)) throw statusError(status, header);
    current = redirectTarget(current, header('location'));
  }
  throw fatalError(`the server redirects more than ${options.limits.maxRedirects} times`);
}

async function send(url: URL, options: OpenOptions, headers: object = {}): Promise<Dispatcher.ResponseData> {
  try {
    return await request(url.href, {
      dispatcher: options.dispatcher,
      signal: options.signal,
      headersTimeout: options.limits.headersTimeoutMs,
      bodyTimeout: options.limits.stallTimeoutMs,
      // Ranges count bytes of the file, not of a compressed form.
      headers: { 'user-agent': 'effvit', accept: '*/*', 'accept-encoding': 'identity', ...headers },
    });
  } catch (error) {
    throw options.signal.aborted ? error : asAttemptError(error);
  }
}

function redirectTarget(from: URL, location: string | undefined): URL {
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw fatalError(`the server redirects to ${JSON.stringify(location ?? 'nowhere')}`);
  }
  const to = new URL(location, from);
  const isDowngrade = from.protocol === 'https:' && to.protocol !== 'https:';
  if (isDowngrade || !/^https?:$/.test(to.protocol)) {
    throw fatalError(`the server redirects from ${from.protocol} to ${to.protocol}, which is not safe`);
  }
  return to;
}

function statusError(status: number, header: (name: string) => string | undefined): AttemptError {
  const message = `the server answered ${status}`;
  if (status === 408 || status === 416 || status === 425 || status === 429 || status >= 500) {
    return new AttemptError('retry', message, {
      status,
      retryAfterMs: retryAfterMs(header('retry-after'), Date.now()),
    });
  }
  const remedy =
    status === 404 || status === 410
      ? 'the file is gone from there, so correct the url in the manifest or name a mirror in EFFVIT_MODEL_MIRROR'
      : 'name a mirror in EFFVIT_MODEL_MIRROR, or put the file there by hand';
  return fatalError(message, remedy);
}

function refuseCodedOrHtml(header: (name: string) => string | undefined): void {
  const coding = header('content-encoding') ?? 'identity';
  if (coding !== 'identity') throw fatalError(`the server sends the file as ${coding} though asked not to`);
  if (/^text\/html\b/i.test(header('content-type') ?? '')) {
    throw fatalError(
      'the server answered with a web page instead of the file',
      'log in to the network if it requires that, or name a mirror in EFFVIT_MODEL_MIRROR',
    );
  }
}

/** A Retry-After header (RFC 9110, 10.2.3: seconds or an HTTP date) in milliseconds; undefined if unusable. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  // Date.parse alone takes almost anything, `-5` for example.
  const atMs = /^[A-Z][a-z]+,? .*GMT$/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
