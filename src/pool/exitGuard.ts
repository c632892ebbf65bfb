import { dieBy, onOwnExit } from '../core/processExit.js';
import type { WorkerChannel } from './WorkerChannel.js';

/** How long the process waits at exit for started inference runs. */
const EXIT_LIMIT_MS = 15_000;

const guarded = new Set<WorkerChannel>();
let limit: { readonly endMs: number; readonly signal: NodeJS.Signals } | undefined;

/**
 * Prevents process exit while a worker is inside native code, which would abort the process (SIGABRT, exit code 134).
 * process.exit, an uncaught exception and the natural end all call this and wait for started runs, usually one
 * inference time. Only used in this package's executables: a program that uses the library closes its pools itself.
 */
function onExit(): void {
  for (const channel of guarded) channel.announceExit();
  const endMs = Math.min(performance.now() + EXIT_LIMIT_MS, limit?.endMs ?? Number.POSITIVE_INFINITY);
  for (const channel of guarded) {
    if (channel.waitUntilHarmless(Math.max(endMs - performance.now(), 0))) continue;
    // A run hangs in native code: a normal exit would abort or never end.
    dieBy(limit?.signal ?? 'SIGKILL');
  }
}

/**
 * Ends the wait at `endMs` of performance.now() at the latest. If a run still hangs then, the process kills itself
 * with `signal`, as the sender of the signal expects.
 */
export function limitExit(endMs: number, signal: NodeJS.Signals): void {
  limit = { endMs: Math.min(endMs, limit?.endMs ?? Number.POSITIVE_INFINITY), signal };
}

/** Guards a worker from its start until its thread has ended. */
export function guardExit(channel: WorkerChannel): void {
  if (guarded.size === 0) onOwnExit(onExit);
  guarded.add(channel);
}

export function releaseExit(channel: WorkerChannel): void {
  guarded.delete(channel);
  if (guarded.size === 0) process.off('exit', onExit);
}
