import { availableParallelism } from 'node:os';
import type { ClassifierOptions } from '../classify/classifierOptions.js';
import { loadModel } from '../classify/loadModel.js';
import type { ClassifierModel } from '../classify/ModelReading.js';
import { badArgument } from '../core/EffvitError.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import { type BoardReading, bpuLoadPercent, readBoardMonitor } from '../inference/bpu/BoardMonitor.js';
import { detectChip } from '../inference/bpu/detectChip.js';
import type { BackendName, LoadedModelInfo } from '../inference/InferenceBackend.js';
import { SimulatedDevice } from '../inference/simulated/SimulatedDevice.js';
import { BPU_CHIPS, type BpuChip } from '../model/BpuChip.js';
import type { DeviceModel, PublishedFigures } from '../model/ModelManifest.js';
import { type BatchSeries, batchMeanings } from '../report/perf/batchTable.js';
import { type DeviceMeter, measurePool } from '../report/perf/measurePool.js';
import type { PerfSeries } from '../report/perf/PerfSeries.js';
import { comparePerf, type EarlierPerf, type PerfChange } from '../report/perf/perfJson.js';
import { perfMeanings } from '../report/perf/perfMeanings.js';
import { vendorReport } from '../report/perf/vendorReport.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { CommandContext } from './CommandContext.js';

const MS_PER_S = 1000;
const NS_PER_US = 1e3;

const DEVICE_NAMES: Readonly<Record<BackendName, string>> = {
  bpu: 'BPU',
  bpu_sim: 'simulated BPU',
  onnx: 'CPU',
  module: 'backend',
};

export interface MeasuredBench {
  readonly threads: readonly number[];
  readonly batch?: readonly number[];
  readonly frameCount: number;
  /** Seconds of a repetition, instead of frames. */
  readonly perfTime?: number;
  readonly warmUp: number;
  readonly repetitions: number;
  readonly json?: boolean;
}

/** Measured results of a bench. */
export interface BenchResult {
  readonly model: ClassifierModel;
  readonly info: LoadedModelInfo;
  readonly chip: BpuChip | undefined;
  readonly deviceModel: DeviceModel | undefined;
  readonly published: PublishedFigures | undefined;
  readonly series: readonly PerfSeries[];
  /** Empty if no batches were requested. */
  readonly batches: readonly BatchSeries[];
  readonly meanings: readonly string[];
  /** Readings of the board's sensors at the end. */
  readonly board: BoardReading;
  readonly comparison: { readonly earlier: EarlierPerf; readonly changes: readonly PerfChange[] } | undefined;
}

/**
 * Measures the model at each number of threads, at single frames and at each batch, and prints each series as it ends.
 *
 * @throws EffvitError as loading and running the model; BAD_ARGUMENT for a batch that it does not have
 */
export async function measureBench(
  classifying: ClassifierOptions,
  options: MeasuredBench,
  earlier: EarlierPerf | undefined,
  { terminal, signal }: CommandContext,
): Promise<BenchResult> {
  const model = await loadModel(classifying, { notice: (text) => terminal.note(text), signal });
  const { backend, manifest } = model;
  const series: PerfSeries[] = [];
  const batches: BatchSeries[] = [];
  let info: LoadedModelInfo | undefined;
  const sizes = checkBatches(model, options.batch ?? []).toSorted((a, b) => a - b);
  const { frameCount, repetitions, warmUp: warmUpFrames, perfTime } = options;
  const measureOne = (threads: number, batch: number) => {
    const what = batch === 1 ? `${threads} threads` : `${threads} threads, batch ${batch}`;
    return measurePool({
      ...{ backend, manifest, threads, batch, frameCount, repetitions, warmUpFrames, signal },
      runTimeoutMs: classifying.inferenceTimeoutMs,
      meter: deviceMeter(backend),
      onRun: (done, of) => terminal.progress(what, done, of),
      perfTimeMs: perfTime && perfTime * MS_PER_S,
    });
  };
  for (const threads of options.threads) {
    const measured = await measureOne(threads, 1);
    info = measured.info;
    series.push(measured.series);
    for (const batch of sizes) {
      const one = batch === 1 ? measured : await measureOne(threads, batch);
      batches.push({ batch, series: one.series });
    }
    if (options.json !== true) {
      if (info.isSimulated) terminal.line(terminal.yellow(`SIMULATED: ${info.runtime}`));
      terminal.line(vendorReport(measured.series));
      terminal.line();
    }
  }
  if (info === undefined) throw new RangeError('No number of threads was measured.');
  const chip =
    backend.kind === 'bpu_sim'
      ? backend.chip
      : (detectChip() ?? BPU_CHIPS.find((one) => manifest.published[one] !== undefined));
  const deviceModel = chip && manifest.deviceModels[chip];
  return {
    model,
    info,
    chip,
    deviceModel,
    published: chip && manifest.published[chip],
    series,
    batches,
    meanings: [...perfMeanings(series, DEVICE_NAMES[info.backend]), ...batchMeanings(batches, deviceModel)],
    board: readBoardMonitor(),
    comparison: earlier && { earlier, changes: comparePerf(series, earlier) },
  };
}

/** @throws EffvitError BAD_ARGUMENT for a batch that the model was not compiled for */
function checkBatches({ backend, manifest }: ClassifierModel, asked: readonly number[]): readonly number[] {
  const known = [...new Set([1, ...batchesOf(backend)])];
  const unknown = asked.find((batch) => !known.includes(batch));
  if (unknown === undefined) return asked;
  const remedy = backend.kind === 'onnx' ? 'give --onnx-batch' : 'compile it with `effvit compile --batch`';
  throw badArgument(
    `${manifest.name} has no tasks of ${unknown} frames on this backend, only of ${known.join(', ')}: ${remedy}.`,
    { model: manifest.name },
  );
}

/** Numbers of frames that a task of the model may have, besides 1. */
function batchesOf(backend: BackendSpec): number[] {
  switch (backend.kind) {
    case 'bpu_sim':
      return (backend.deviceModel.batches ?? []).map(({ batch }) => batch);
    case 'bpu':
      return (backend.models ?? []).map(({ batch }) => batch);
    case 'onnx':
      return Array.from({ length: backend.mostFrames ?? 1 }, (_, index) => index + 1);
    case 'module':
      return [];
  }
}

/** Measures the load of a backend's device: from the simulation's counter, the board's sysfs, or the CPU time. */
function deviceMeter(backend: BackendSpec): DeviceMeter {
  switch (backend.kind) {
    case 'bpu_sim': {
      const device = new SimulatedDevice(backend.device);
      return { cores: backend.deviceModel.cores, busyNs: () => device.servedNs(monotonicNs()) };
    }
    case 'bpu':
      return { cores: 1, loadPercent: () => bpuLoadPercent(readBoardMonitor()) };
    default:
      return {
        cores: availableParallelism(),
        busyNs: () => {
          const { user, system } = process.cpuUsage();
          return (user + system) * NS_PER_US;
        },
      };
  }
}
