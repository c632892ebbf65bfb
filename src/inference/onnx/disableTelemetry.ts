import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const VARIABLE = 'ORT_DISABLE_TELEMETRY';

/**
 * Keeps ONNX Runtime from reporting to its maker: its library looks for this variable when the first session is
 * made. To be called before that, and on the main thread before worker threads that use it are started.
 */
export function disableTelemetry(): void {
  if (process.env[VARIABLE] === '1') return;
  // A worker's process.env is a copy, which a native library does not see; its own workers' copies come from it.
  if (!isMainThread) setInProcess(VARIABLE, '1');
  process.env[VARIABLE] = '1';
}

/** For programs whose first use of this package is in a worker thread of theirs. */
function setInProcess(name: string, value: string): void {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    koffi.load(null).func('int setenv(const char *name, const char *value, int overwrite)')(name, value, 1);
  } catch {
    // No setenv (Windows) or no koffi here: whoever starts the thread has to set it.
  }
}
