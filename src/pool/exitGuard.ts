import { onOwnExit } from '../core/processExit.js';
import type { WorkerChannel } from './WorkerChannel.js';

/** How long the end of the process waits for inference runs that were begun. */
const EXIT_LIMIT_MS = 15_000;

const guarded = new Set<WorkerChannel>();
let limit: { readonly endMs: number; readonly signal: NodeJS.Signals } | undefined;

/**
 * Keeps the end of the process from cutting off a worker inside native code, which aborts the process
 * (SIGABRT, exit code 134): process.exit, an uncaught exception and the natural end all pass here and wait
 * for the runs that were begun, usually one inference time. In executables of this package alone: a program that uses
 * it as a library closes its pools before it leaves.
 */
function onExit(): void {
  for (const channel of guarded) channel.announceExit();
  const endMs = Math.min(performance.now() + EXIT_LIMIT_MS, limit?.endMs ?? Number.POSITIVE_INFINITY);
  for (const channel of guarded) {
    if (channel.waitUntilHarmless(Math.max(endMs - performance.now(), 0))) continue;
    // A run that hangs in native code: leaving normally would abort or wait for ever.
    if (limit !== undefined) process.kill(process.pid, limit.signal);
    process.kill(process.pid, 'SIGKILL');
  }
}

/**
 * Ends the wait at a point of performance.now() at the latest. Where a run hangs then, the process dies by `signal`,
 * for which there must be no listener any more, as whoever sent it expects.
 */
export function limitExit(endMs: number, signal: NodeJS.Signals): void {
  limit = { endMs: Math.min(endMs, limit?.endMs ?? Number.POSITIVE_INFINITY), signal };
}

/** From when a worker is started until its thread has ended. */
export function guardExit(channel: WorkerChannel): void {
  if (guarded.size === 0) onOwnExit(onExit);
  guarded.add(channel);
}

export function releaseExit(channel: WorkerChannel): void {
  guarded.delete(channel);
  if (guarded.size === 0) process.off('exit', onExit);
}
