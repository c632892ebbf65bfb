import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EffvitError } from '../core/EffvitError.js';
import { makeFolder } from '../core/writeFileAtomic.js';
import { DEFAULT_FETCH_LIMITS, type FetchLimits } from './FetchLimits.js';

export interface LockOptions {
  readonly signal: AbortSignal;
  /** A live holder renews the lock four times within `lockStaleMs`. */
  readonly limits?: Pick<FetchLimits, 'lockTimeoutMs' | 'lockStaleMs'>;
  /** Called once, when another process is found to hold it. */
  readonly onWait?: () => void;
}

const POLL_MS = 200;

/**
 * Runs `work` under an exclusive lock on a model's cache folder. The signal passed to `work` also aborts when the lock
 * is lost (a suspended machine, a deleted lock).
 *
 * @throws EffvitError IO_FAILED (the folder cannot be made or written), TIMED_OUT, CANCELLED, or work's.
 */
export async function withModelLock<T>(
  folder: string,
  options: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    await makeFolder(folder);
  } catch (error) {
    throw notWritable(folder, error);
  }
  const lost = new AbortController();
  const release = await acquire(folder, options, () => lost.abort());
  const unguard = guardSignals();
  try {
    return await work(AbortSignal.any([options.signal, lost.signal]));
  } catch (error) {
    if (!lost.signal.aborted || options.signal.aborted) throw error;
    throw new EffvitError(
      'IO_FAILED',
      `Another process took over ${folder} while this one was stopped: run the command again.`,
      { context: { file: folder }, cause: error },
    );
  } finally {
    unguard();
    // Already gone if it was lost.
    await release().catch(() => undefined);
  }
}

type Lock = typeof import('proper-lockfile')['lock'];

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Signal listeners that proper-lockfile installs when it is loaded. */
const lockHooks = new Set<unknown>();

/** Loaded on first use, because it installs signal listeners. */
async function loadLock(): Promise<Lock> {
  const before = new Set(SIGNALS.flatMap((name) => process.rawListeners(name)));
  const { lock } = (await import('proper-lockfile')).default;
  for (const listener of SIGNALS.flatMap((name) => process.rawListeners(name))) {
    if (!before.has(listener)) lockHooks.add(listener);
  }
  return lock;
}

/**
 * Those listeners end the process if there is no other listener; a `once` handler of the program has already been
 * removed when they check. So if the program handles a signal itself, an additional listener is installed.
 */
function guardSignals(): () => void {
  const standBy = (): void => undefined;
  for (const name of SIGNALS) {
    if (process.rawListeners(name).some((listener) => !lockHooks.has(listener))) process.on(name, standBy);
  }
  return () => {
    for (const name of SIGNALS) process.off(name, standBy);
  };
}

async function acquire(
  folder: string,
  { signal, limits = DEFAULT_FETCH_LIMITS, onWait }: LockOptions,
  onLost: () => void,
): Promise<() => Promise<void>> {
  const lock = await loadLock();
  const lockfilePath = join(folder, '.lock');
  const { lockTimeoutMs, lockStaleMs } = limits;
  const endMs = Date.now() + lockTimeoutMs;
  for (let waits = 0; ; waits++) {
    try {
      return await lock(folder, {
        lockfilePath,
        stale: lockStaleMs,
        update: lockStaleMs / 4,
        realpath: false,
        onCompromised: onLost,
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw notWritable(folder, error);
    }
    if (waits === 0) onWait?.();
    if (Date.now() >= endMs) {
      throw new EffvitError(
        'TIMED_OUT',
        `Another process has held ${lockfilePath} for ${Math.round(lockTimeoutMs / 1000)} s: wait for it, or end it and run the command again.`,
        { context: { file: lockfilePath } },
      );
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      throw new EffvitError('CANCELLED', 'Interrupted while another process was pulling the same model.');
    }
  }
}

function notWritable(folder: string, error: unknown): EffvitError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return new EffvitError(
    'IO_FAILED',
    `Cannot write to the cache folder ${folder} (${code}): set EFFVIT_CACHE to a folder that can be written.`,
    { context: { file: folder }, cause: error },
  );
}
