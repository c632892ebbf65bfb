import { isMainThread } from 'node:worker_threads';
import type Ort from 'onnxruntime-node';
import { loadNative } from '../../core/loadNative.js';

export type OrtModule = typeof Ort;

/** ONNX Runtime, loaded on first use. @throws EffvitError UNSUPPORTED if its native part does not load. */
export function loadRuntime(): OrtModule {
  disableTelemetry();
  return loadNative<OrtModule>('onnxruntime-node');
}

/** Opens a model file, or its content. */
export async function createSession(
  model: string | Uint8Array,
  options: Ort.InferenceSession.SessionOptions,
): Promise<Ort.InferenceSession> {
  const { InferenceSession } = loadRuntime();
  // Its overloads take the one or the other.
  return typeof model === 'string'
    ? await InferenceSession.create(model, options)
    : await InferenceSession.create(model, options);
}

/** One thread per session: the pool has one session per worker thread, and two sessions scale 1.99x on two cores. */
export const ONE_THREAD: Ort.InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  // Errors are thrown as exceptions; at lower levels ONNX Runtime writes to stderr, bypassing every logger.
  logSeverityLevel: 4,
};

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
    const koffi = loadNative<typeof import('koffi')>('koffi');
    koffi.load(null).func('int setenv(const char *name, const char *value, int overwrite)')(name, value, 1);
  } catch {
    // No setenv (Windows) or no koffi: the program must set the variable before it starts the thread.
  }
}
