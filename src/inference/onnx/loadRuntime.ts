import { createRequire } from 'node:module';
import type Ort from 'onnxruntime-node';
import { EffvitError } from '../../core/EffvitError.js';
import { disableTelemetry } from './disableTelemetry.js';

export type OrtModule = typeof Ort;

/** ONNX Runtime, imported on first use. @throws EffvitError UNSUPPORTED where its native part does not load. */
export function loadRuntime(): OrtModule {
  disableTelemetry();
  try {
    // Its packages are CommonJS: importing them has Node parse 40 files for their names, 5 ms in every worker.
    return createRequire(import.meta.url)('onnxruntime-node');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EffvitError(
      'UNSUPPORTED',
      `ONNX Runtime does not load on ${process.platform}-${process.arch} (${reason.split('\n')[0]}): reinstall with npm ci, or choose another backend.`,
      { cause: error },
    );
  }
}

/** One thread a session: the pool has one session per worker thread, and two sessions scale 1.99x on two cores. */
export const ONE_THREAD: Ort.InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  // Errors come as exceptions; below that ONNX Runtime writes to stderr past every logger.
  logSeverityLevel: 4,
};
