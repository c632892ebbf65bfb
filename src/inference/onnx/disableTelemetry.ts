import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const VARIABLE = 'ORT_DISABLE_TELEMETRY';

/**
 * Disables the telemetry of ONNX Runtime. Its library reads this variable when the first session is created. Call this
 * before that, and on the main thread before starting worker threads that use ONNX Runtime.
 */
export function disableTelemetry(): void {
  if (process.env[VARIABLE] === '1') return;
  // A worker's process.env is a copy that native libraries do not see; nested workers inherit the copy.
  if (!isMainThread) setInProcess(VARIABLE, '1');
  process.env[VARIABLE] = '1';
}

/** For programs that use this package first in one of their own worker threads. */
function setInProcess(name: string, value: string): void {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    koffi.load(null).func('int setenv(const char *name, const char *value, int overwrite)')(name, value, 1);
  } catch {
    // No setenv (Windows) or no koffi: the program must set the variable before it starts the thread.
  }
}
