import type Ort from 'onnxruntime-node';
import { loadNative } from '../../core/loadNative.js';
import { disableTelemetry } from './disableTelemetry.js';

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
