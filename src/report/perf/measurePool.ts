import { EffvitError } from '../../core/EffvitError.js';
import type { RawImageFrame } from '../../image/ImageFrame.js';
import { preprocessOptions } from '../../image/PreprocessOptions.js';
import { evened, nv12Bytes } from '../../image/TensorOptions.js';
import type { BackendSpec } from '../../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../../inference/InferenceBackend.js';
import type { ModelManifest } from '../../model/ModelManifest.js';
import { InferencePool } from '../../pool/InferencePool.js';
import { topK } from '../../pool/topK.js';
import { monotonicNs, NS_PER_MS } from '../../stats/monotonicNs.js';
import { latencyFigures, type PerfRun, type PerfSeries, perfSeries } from './PerfSeries.js';

const US_PER_MS = 1e3;
const TOP_K = 5;
/** Different pictures, so that no cache answers; more change nothing. */
const FRAME_VARIANTS = 8;
const SAMPLE_PERIOD_MS = 200;

/** Busy time or load of the device, as far as they are known. */
export interface DeviceMeter {
  /** Cores that serve frames. */
  readonly cores: number;
  /** Total time that the cores were busy since some moment; absent if only {@link loadPercent} is known. */
  readonly busyNs?: () => number;
  /** Load now, 0 to 100. */
  readonly loadPercent?: () => number | undefined;
}

export interface PerfOptions {
  readonly backend: BackendSpec;
  readonly manifest: ModelManifest;
  readonly threads: number;
  /** Frames of a task at most, on a model that has such tasks; so many times the threads hand frames over. Default 1. */
  readonly batch?: number;
  /** Frames a repetition, over all threads together. */
  readonly frameCount: number;
  /** Instead of a number of frames: so long a repetition. */
  readonly perfTimeMs?: number | undefined;
  readonly repetitions: number;
  readonly warmUpFrames: number;
  readonly runTimeoutMs: number;
  readonly meter?: DeviceMeter;
  readonly signal?: AbortSignal;
  /** After each repetition. */
  readonly onRun?: (done: number, of: number) => void;
}

/**
 * Measures a model as hrt_model_exec does: every thread passes its next frame as soon as the last one is back.
 * The frames are NV12 of the model's own size, so that what is timed is the forward pass and the way to it.
 *
 * @throws EffvitError as the model's loading; INFERENCE_FAILED, TIMED_OUT if a frame failed; CANCELLED.
 */
export async function measurePool(
  options: PerfOptions,
): Promise<{ readonly info: LoadedModelInfo; readonly series: PerfSeries }> {
  const { manifest, threads, repetitions, warmUpFrames, onRun, batch = 1 } = options;
  const { widthPx, heightPx } = manifest.input;
  const pool = new InferencePool<number>({
    model: {
      backend: options.backend,
      preprocess: preprocessOptions({ widthPx, heightPx, resizeMode: 'stretch' }),
      postprocess: (logits) => topK(logits, TOP_K, manifest.output.activation)[0]?.index ?? -1,
    },
    threads,
    dropPolicy: 'block',
    queueSize: threads * batch,
    maxBatch: batch,
    runTimeoutMs: options.runTimeoutMs,
  });
  try {
    const info = await pool.start();
    const frames = Array.from({ length: FRAME_VARIANTS }, (_, index) => noiseFrame(widthPx, heightPx, index));
    await runOnce(pool, frames, { ...options, frameCount: Math.max(warmUpFrames, threads * batch) }, false);
    const runs: PerfRun[] = [];
    for (let repetition = 0; repetition < repetitions; repetition++) {
      runs.push(await runOnce(pool, frames, options, true));
      onRun?.(repetition + 1, repetitions);
    }
    return { info, series: perfSeries(threads, runs) };
  } finally {
    await pool.close({ drain: false });
  }
}

async function runOnce(
  pool: InferencePool<number>,
  frames: readonly RawImageFrame[],
  options: PerfOptions,
  isTimed: boolean,
): Promise<PerfRun> {
  const { threads, frameCount, meter, signal, batch = 1 } = options;
  const perfTimeMs = isTimed ? options.perfTimeMs : undefined;
  const latenciesMs: number[] = [];
  const restMs: number[] = [];
  const loads: number[] = [];
  const sampler = setInterval(() => {
    const load = meter?.loadPercent?.();
    if (load !== undefined) loads.push(load);
  }, SAMPLE_PERIOD_MS);
  const busyStartNs = meter?.busyNs?.();
  const cpuStart = process.cpuUsage();
  const startNs = monotonicNs();
  let submitted = 0;
  const hasMore = (): boolean =>
    perfTimeMs === undefined ? submitted < frameCount : (monotonicNs() - startNs) / NS_PER_MS < perfTimeMs;
  const client = async (number: number): Promise<void> => {
    while (hasMore()) {
      if (signal?.aborted) throw new EffvitError('CANCELLED', 'The measurement was stopped.');
      const frame = frames[submitted % frames.length];
      if (frame === undefined) return;
      submitted++;
      const outcome = await pool.submit({ ...frame, source: `thread ${number}` });
      if (outcome.kind === 'dropped') {
        throw (
          outcome.error ??
          new EffvitError('INFERENCE_FAILED', `A frame was dropped while measuring: ${outcome.cause}.`)
        );
      }
      const { inferenceNs, totalNs } = outcome.timings;
      latenciesMs.push(inferenceNs / NS_PER_MS);
      restMs.push((totalNs - inferenceNs) / NS_PER_MS);
    }
  };
  try {
    await Promise.all(Array.from({ length: threads * batch }, (_, number) => client(number)));
  } finally {
    clearInterval(sampler);
  }
  const runTimeMs = (monotonicNs() - startNs) / NS_PER_MS;
  const cpu = process.cpuUsage(cpuStart);
  const done = latenciesMs.length;
  return {
    frameCount: done,
    runTimeMs,
    framesPerSecond: (done * 1000) / runTimeMs,
    latencyMs: latencyFigures(latenciesMs),
    pipelineMs: latencyFigures(restMs).p50,
    cpuMsPerFrame: (cpu.user + cpu.system) / US_PER_MS / done,
    deviceUtilisationPercent: utilisationPercent(meter, busyStartNs, runTimeMs, loads),
  };
}

function utilisationPercent(
  meter: DeviceMeter | undefined,
  busyStartNs: number | undefined,
  runTimeMs: number,
  loads: readonly number[],
): number | undefined {
  const busyNs = meter?.busyNs?.();
  if (meter !== undefined && busyNs !== undefined && busyStartNs !== undefined) {
    return Math.min((100 * (busyNs - busyStartNs)) / (runTimeMs * NS_PER_MS * meter.cores), 100);
  }
  if (loads.length === 0) return undefined;
  return loads.reduce((sum, load) => sum + load, 0) / loads.length;
}

function noiseFrame(widthPx: number, heightPx: number, seed: number): RawImageFrame {
  const data = new Uint8Array(nv12Bytes(widthPx, heightPx));
  let state = seed + 1;
  for (let index = 0; index < data.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    data[index] = state >>> 24;
  }
  return {
    kind: 'raw',
    stamp: { sec: 0, nanosec: 0 },
    frameId: 'bench',
    source: 'bench',
    encoding: 'nv12',
    widthPx,
    heightPx,
    strideBytes: evened(widthPx),
    isBigEndian: false,
    data,
  };
}
