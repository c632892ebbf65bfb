import type { UnmatchedCounts } from '../classify/DetectionPairing.js';
import { type Stamp, stampFromNs } from '../core/Stamp.js';
import { type BoardReading, bpuLoadPercent, hottestCelsius } from '../inference/bpu/BoardMonitor.js';
import type { BackendName } from '../inference/InferenceBackend.js';
import type { RegionCounts } from '../pool/RegionAccounting.js';
import { DROP_CAUSES, type FrameCounts } from '../stats/FrameAccounting.js';
import { STAGES, type StageSummaries } from '../stats/StageStatistics.js';
import { type HeaderMessage, headerMessage, type TimeMessage } from './headerMessage.js';

/** effvit/msg/StageStatistics */
export interface StageStatisticsMessage {
  readonly name: string;
  readonly count: bigint;
  readonly mean_ms: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

/** effvit/msg/DropCount */
export interface DropCountMessage {
  readonly cause: string;
  readonly count: bigint;
}

/** effvit/msg/SensorTemperature */
export interface SensorTemperatureMessage {
  readonly sensor: string;
  readonly celsius: number;
}

/** effvit/msg/PipelineStatistics; the comments are in the .msg file. */
export interface PipelineStatisticsMessage {
  readonly header: HeaderMessage;
  readonly window: TimeMessage;
  readonly received: bigint;
  readonly published: bigint;
  readonly dropped: readonly DropCountMessage[];
  readonly in_flight: bigint;
  readonly superseded: bigint;
  readonly missing: bigint;
  readonly regions_classified: bigint;
  readonly regions_unknown: readonly DropCountMessage[];
  readonly unmatched_frames: readonly DropCountMessage[];
  readonly unmatched_detections: readonly DropCountMessage[];
  readonly queued: number;
  readonly fps: number;
  readonly mean_batch_size: number;
  readonly stages: readonly StageStatisticsMessage[];
  readonly threads: number;
  readonly workers_serving: number;
  readonly workers_lost: bigint;
  readonly model: string;
  readonly backend: string;
  readonly runtime: string;
  readonly is_simulated: boolean;
  readonly is_paused: boolean;
  readonly cpu_load_percent: number;
  readonly bpu_load_percent: number;
  readonly bpu_frequency_mhz: number;
  readonly ddr_frequency_mhz: number;
  readonly cpu_frequency_mhz: number;
  readonly temperature_celsius: number;
  readonly temperatures: readonly SensorTemperatureMessage[];
  readonly event_loop_delay_p99_ms: number;
  readonly memory_mib: number;
}

/** The state of the pipeline, from which the message is made. */
export interface PipelineState {
  /** When the window ended, by the node's clock. */
  readonly stamp: Stamp;
  readonly windowNs: bigint;
  readonly counts: FrameCounts;
  /** Frames that newer ones replaced in the middleware. */
  readonly superseded: number;
  /** Frames that the cameras sent but that did not arrive. */
  readonly missing: number;
  /** What became of the regions of frames; where the boxes of a detector are classified. */
  readonly regions?: RegionCounts | undefined;
  readonly unmatched?: { readonly frames: UnmatchedCounts; readonly detections: UnmatchedCounts } | undefined;
  readonly queuedCount: number;
  readonly framesPerSecond: number;
  readonly meanBatchSize: number;
  /** Of the window. */
  readonly stages: StageSummaries;
  readonly threads: number;
  readonly workersServing: number;
  readonly workersLost: number;
  readonly modelName: string;
  readonly backend: BackendName;
  readonly runtime: string;
  readonly isSimulated: boolean;
  readonly isPaused: boolean;
  /** What is known of the machine; the rest is reported as not a number. */
  readonly machine: {
    /** Of this process, percent of one core. */
    readonly cpuLoadPercent?: number | undefined;
    /** What the board's sensors say. */
    readonly board?: BoardReading;
    readonly eventLoopDelayP99Ms?: number | undefined;
    readonly memoryMib?: number | undefined;
  };
}

const NS_PER_MS = 1e6;
const HZ_PER_MHZ = 1e6;

/** Contains all causes and all stages every time, so that plots have no gaps. */
export function pipelineStatisticsMessage(state: PipelineState): PipelineStatisticsMessage {
  const { counts, machine } = state;
  const { board = {} } = machine;
  return {
    header: headerMessage({ stamp: state.stamp, frameId: '' }),
    window: stampFromNs(state.windowNs),
    received: BigInt(counts.received),
    published: BigInt(counts.published),
    dropped: DROP_CAUSES.map((cause) => ({ cause, count: BigInt(counts.dropped[cause]) })),
    in_flight: BigInt(counts.inFlight),
    superseded: BigInt(state.superseded),
    missing: BigInt(state.missing),
    regions_classified: BigInt(state.regions?.classified ?? 0),
    regions_unknown: countMessages(state.regions?.unknown),
    unmatched_frames: countMessages(state.unmatched?.frames),
    unmatched_detections: countMessages(state.unmatched?.detections),
    queued: state.queuedCount,
    fps: state.framesPerSecond,
    mean_batch_size: state.meanBatchSize,
    stages: STAGES.map((stage) => {
      const { count, meanNs, p50Ns, p95Ns, p99Ns, maxNs } = state.stages[stage];
      return {
        name: rosName(stage),
        count: BigInt(count),
        mean_ms: meanNs / NS_PER_MS,
        p50_ms: p50Ns / NS_PER_MS,
        p95_ms: p95Ns / NS_PER_MS,
        p99_ms: p99Ns / NS_PER_MS,
        max_ms: maxNs / NS_PER_MS,
      };
    }),
    threads: state.threads,
    workers_serving: state.workersServing,
    workers_lost: BigInt(state.workersLost),
    model: state.modelName,
    backend: state.backend,
    runtime: state.runtime,
    is_simulated: state.isSimulated,
    is_paused: state.isPaused,
    cpu_load_percent: machine.cpuLoadPercent ?? Number.NaN,
    bpu_load_percent: bpuLoadPercent(board) ?? Number.NaN,
    bpu_frequency_mhz: megahertz(board.bpuFrequencyHz),
    ddr_frequency_mhz: megahertz(board.ddrFrequencyHz),
    cpu_frequency_mhz: megahertz(board.cpuFrequencyHz),
    temperature_celsius: hottestCelsius(board) ?? Number.NaN,
    temperatures: Object.entries(board.temperaturesCelsius ?? {}).map(([sensor, celsius]) => ({
      sensor,
      celsius,
    })),
    event_loop_delay_p99_ms: machine.eventLoopDelayP99Ms ?? Number.NaN,
    memory_mib: machine.memoryMib ?? Number.NaN,
  };
}

function countMessages(counts: Readonly<Record<string, number>> = {}): DropCountMessage[] {
  return Object.entries(counts).map(([cause, count]) => ({ cause, count: BigInt(count) }));
}

function megahertz(frequencyHz: number | undefined): number {
  return frequencyHz === undefined ? Number.NaN : frequencyHz / HZ_PER_MHZ;
}

/** `queueWait` as `queue_wait`. */
function rosName(stage: string): string {
  return stage.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
