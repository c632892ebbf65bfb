import type { WorkerChannel } from './WorkerChannel.js';

/** How long the end of the process waits for inference runs that were begun. */
const EXIT_LIMIT_MS = 15_000;

const guarded = new Set<WorkerChannel>();

/**
 * Keeps the end of the process from cutting off a worker inside native code, which aborts the process
 * (SIGABRT, exit code 134): process.exit, an uncaught exception and the natural end all pass here and wait
 * for the runs that were begun, usually one inference time.
 */
function onExit(): void {
  for (const channel of guarded) channel.announceExit();
  const endMs = performance.now() + EXIT_LIMIT_MS;
  for (const channel of guarded) {
    if (channel.waitUntilHarmless(Math.max(endMs - performance.now(), 0))) continue;
    // A run that hangs in native code: leaving normally would abort or wait for ever.
    process.kill(process.pid, 'SIGKILL');
  }
}

/** From when a worker is started until its thread has ended. */
export function guardExit(channel: WorkerChannel): void {
  if (guarded.size === 0) process.on('exit', onExit);
  guarded.add(channel);
}

export function releaseExit(channel: WorkerChannel): void {
  guarded.delete(channel);
  if (guarded.size === 0) process.off('exit', onExit);
}
