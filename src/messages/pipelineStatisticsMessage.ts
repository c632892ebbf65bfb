import type { Classifier } from '../classify/Classifier.js';
import type { UnmatchedView } from '../classify/DetectionPairing.js';
import { separatedWords } from '../core/keyCase.js';
import { type Stamp, stampFromNs } from '../core/Stamp.js';
import { type BoardReading, bpuLoadPercent, hottestCelsius } from '../inference/bpu/BoardMonitor.js';
import type { RegionCounts } from '../pool/RegionOutcome.js';
import { DROP_CAUSES } from '../stats/FrameAccounting.js';
import { NS_PER_MS } from '../stats/monotonicNs.js';
import { STAGES, type StageSummaries } from '../stats/StageStatistics.js';
import { headerMessage } from './headerMessage.js';

/** effvit/msg/PipelineStatistics; the comments are in the .msg file. */
export type PipelineStatisticsMessage = ReturnType<typeof pipelineStatisticsMessage>;

/** The state of the pipeline, from which the message is made. */
export interface PipelineState extends ReturnType<typeof classifierState> {
  /** When the window ended, by the node's clock. */
  readonly stamp: Stamp;
  readonly windowNs: bigint;
  /** Frames that newer ones replaced in the middleware. */
  readonly superseded: number;
  /** Frames that the cameras sent but that did not arrive. */
  readonly missing: number;
  /** What became of the regions of frames; where the boxes of a detector are classified. */
  readonly regions?: RegionCounts | undefined;
  readonly unmatched?: UnmatchedView | undefined;
  /** Of the window. */
  readonly stages: StageSummaries;
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

const HZ_PER_MHZ = 1e6;

/** The present state of a classifier and its workers. */
export function classifierState(classifier: Classifier) {
  const { backend, runtime, isSimulated } = classifier.info;
  const { statistics, queuedCount } = classifier.pool;
  const { targetCount, serving, deaths } = classifier.pool.workers();
  return {
    counts: statistics.frames.counts(),
    queuedCount,
    framesPerSecond: statistics.framesPerSecond(),
    meanBatchSize: statistics.meanBatchSize,
    modelName: classifier.manifest.name,
    backend,
    runtime,
    isSimulated,
    threads: targetCount,
    workersServing: serving,
    workersLost: deaths,
  };
}

/** Contains all causes and all stages every time, so that plots have no gaps. */
export function pipelineStatisticsMessage(state: PipelineState) {
  const { counts, machine } = state;
  const { board = {} } = machine;
  const temperatures = Object.entries(board.temperaturesCelsius ?? {});
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
        name: separatedWords(stage, '_'),
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
    backend: state.backend as string,
    runtime: state.runtime,
    is_simulated: state.isSimulated,
    is_paused: state.isPaused,
    cpu_load_percent: machine.cpuLoadPercent ?? Number.NaN,
    bpu_load_percent: bpuLoadPercent(board) ?? Number.NaN,
    bpu_frequency_mhz: megahertz(board.bpuFrequencyHz),
    ddr_frequency_mhz: megahertz(board.ddrFrequencyHz),
    cpu_frequency_mhz: megahertz(board.cpuFrequencyHz),
    temperature_celsius: hottestCelsius(board) ?? Number.NaN,
    temperatures: temperatures.map(([sensor, celsius]) => ({ sensor, celsius })),
    event_loop_delay_p99_ms: machine.eventLoopDelayP99Ms ?? Number.NaN,
    memory_mib: machine.memoryMib ?? Number.NaN,
  };
}

/** effvit/msg/DropCount[] */
function countMessages(counts: Readonly<Record<string, number>> = {}) {
  return Object.entries(counts).map(([cause, count]) => ({ cause, count: BigInt(count) }));
}

function megahertz(frequencyHz = Number.NaN): number {
  return frequencyHz / HZ_PER_MHZ;
}
