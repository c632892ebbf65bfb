import { setTimeout as sleep } from 'node:timers/promises';
import { EffvitError } from '../core/EffvitError.js';
import { type AttemptError, asAttemptError } from './AttemptError.js';
import { type AttemptOptions, type AttemptResult, downloadAttempt } from './downloadAttempt.js';
import { backOffMs } from './FetchLimits.js';
import { PartFile } from './PartFile.js';
import { proxyAgentFromEnv, proxyName } from './proxyFromEnv.js';

export interface DownloadOptions extends Omit<AttemptOptions, 'part' | 'dispatcher'> {
  readonly onRetry: (attempt: number, delayMs: number, reason: string) => void;
  readonly targetPath: string;
  /** Read for HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
  readonly env: NodeJS.ProcessEnv;
}

/** A complete download, which is not the file yet. */
export interface Download extends AttemptResult {
  readonly part: PartFile;
}

/**
 * Downloads a whole file into its partial file, in as many attempts as the limits allow, with back-off and Retry-After.
 * Each attempt continues the previous one if the server agrees.
 *
 * @throws EffvitError DOWNLOAD_FAILED, CANCELLED (`signal`; the partial file stays), IO_FAILED, BAD_CONFIG (a proxy that
 *   is no address).
 */
export async function downloadFile(options: DownloadOptions): Promise<Download> {
  const part = new PartFile(options.targetPath);
  const dispatcher = proxyAgentFromEnv(options.env, options.limits);
  try {
    return { part, ...(await tryRepeatedly({ ...options, part, dispatcher })) };
  } finally {
    // Kept-alive connections would hold the process open.
    await dispatcher.destroy();
  }
}

async function tryRepeatedly(options: DownloadOptions & AttemptOptions): Promise<AttemptResult> {
  const { limits, part, signal } = options;
  let wasReached = false;
  let failures = 0;
  let mostBytes = await part.lengthBytes();
  const onBytes: AttemptOptions['onBytes'] = (...progress) => {
    wasReached = true;
    options.onBytes(...progress);
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return await downloadAttempt({ ...options, onBytes });
    } catch (error) {
      if (signal.aborted) throw await cancelled(options);
      if (error instanceof EffvitError) throw error;
      const failure = asAttemptError(error);
      const keptBytes = await part.lengthBytes();
      // Compared with the largest size so far, so that a server that forces a restart does not reset the count of
      // attempts.
      if (keptBytes >= mostBytes + limits.progressBytes) failures = 0;
      mostBytes = Math.max(mostBytes, keptBytes);
      failures++;
      if (failure.kind === 'offline' && !wasReached) throw offline(failure, options);
      const askedMs = failure.details.retryAfterMs ?? 0;
      if (failure.kind === 'fatal' || failures >= limits.maxAttempts || askedMs > limits.maxRetryAfterMs) {
        throw givenUp(failure, failures, keptBytes, options);
      }
      // The server has answered, so later failures are temporary and not a missing network.
      if (failure.kind === 'retry') wasReached = true;
      const delayMs = Math.max(askedMs, backOffMs(failures, limits));
      options.onRetry(attempt + 1, delayMs, failure.message);
      await sleep(delayMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw await cancelled(options);
    }
  }
}

function offline(failure: AttemptError, { url, targetPath, env }: DownloadOptions): EffvitError {
  const proxy = proxyName(url, env);
  const way = proxy === undefined ? '' : ` through the proxy ${proxy}`;
  return new EffvitError(
    'DOWNLOAD_FAILED',
    `Cannot reach ${new URL(url).host}${way} (${failure.message}): without a way to the internet, name a copy that can be reached in EFFVIT_MODEL_MIRROR, or put the file from ${url} at ${targetPath} by hand and run the command again.`,
    { context: { url, file: targetPath }, cause: failure },
  );
}

function givenUp(
  failure: AttemptError,
  failures: number,
  keptBytes: number,
  { url, limits }: DownloadOptions,
): EffvitError {
  const tries = failures > 1 ? `, ${failures} times in a row` : '';
  const asked = failure.details.retryAfterMs ?? 0;
  const wait = asked > limits.maxRetryAfterMs ? ` and asks to wait ${Math.ceil(asked / 1000)} s` : '';
  const kept = keptBytes > 0 ? `; ${keptBytes} bytes are kept and continued` : '';
  const remedy = failure.details.remedy ?? `run the command again later${kept}`;
  return new EffvitError(
    'DOWNLOAD_FAILED',
    `Cannot download ${url}, ${failure.message}${wait}${tries}: ${remedy}.`,
    { context: { url }, cause: failure },
  );
}

async function cancelled({ part, url }: AttemptOptions): Promise<EffvitError> {
  const keptBytes = await part.lengthBytes();
  const kept = keptBytes === 0 ? '' : `; ${keptBytes} bytes are kept in ${part.path}`;
  return new EffvitError(
    'CANCELLED',
    `The download of ${url} was interrupted${kept}: run the command again to continue.`,
    { context: { url } },
  );
}
