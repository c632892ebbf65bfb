import type { Parameters } from '../core/parameters.js';
import { type BoardReading, bpuLoadPercent, hottestCelsius } from '../inference/bpu/BoardMonitor.js';
import { DROP_CAUSES, type FrameCounts, totalDropped } from '../stats/FrameAccounting.js';
import type { StageSummaries } from '../stats/StageStatistics.js';
import type { MachineReading } from './MachineMonitor.js';

/** diagnostic_msgs/msg/DiagnosticStatus levels */
export const LEVEL = { ok: 0, warn: 1, error: 2, stale: 3 } as const;

export type Level = (typeof LEVEL)[keyof typeof LEVEL];

/** diagnostic_msgs/msg/DiagnosticStatus */
export interface DiagnosticStatus {
  readonly level: Level;
  readonly name: string;
  readonly message: string;
  readonly hardware_id: string;
  readonly values: readonly { readonly key: string; readonly value: string }[];
}

/** What is known of one camera. */
export interface CameraState {
  readonly topic: string;
  readonly framesPerSecond: number;
  /** Since the last frame, or since the subscription when none came yet. */
  readonly silentMs: number;
  readonly received: number;
  /** Messages that were no image that can be read. */
  readonly malformed: number;
  readonly lastProblem: string | undefined;
  readonly publishers: number;
  /** The policy and the publisher that cannot be heard for it. */
  readonly qosMismatch: string | undefined;
}

export interface PipelineDiagnosis {
  readonly counts: FrameCounts;
  readonly stages: StageSummaries;
  readonly framesPerSecond: number;
  /** How long the p95 has been over its limit. */
  readonly overLimitMs: number;
  readonly model: string;
  readonly backend: string;
  readonly runtime: string;
  readonly isSimulated: boolean;
  readonly threads: number;
  readonly workersServing: number;
  readonly workersLost: number;
}

type DiagnosticParameters = Pick<
  Parameters,
  | 'diagnostics.expected_fps'
  | 'diagnostics.max_allowed_processing_time_ms'
  | 'diagnostics.max_acceptable_consecutive_delay_ms'
  | 'diagnostics.stale_after_ms'
>;

export interface NodeDiagnosis {
  readonly nodeName: string;
  readonly hardwareId: string;
  /** Of the lifecycle. */
  readonly state: string;
  readonly lastError: string | undefined;
  /** Undefined while no model is loaded. */
  readonly pipeline: PipelineDiagnosis | undefined;
  /** None while the node is not active. */
  readonly cameras: readonly CameraState[];
  /** Undefined before the first look. */
  readonly device: MachineReading | undefined;
}

/** diagnostic_updater's frequency status tolerates a tenth. */
const FREQUENCY_TOLERANCE = 0.1;
const HOT_CELSIUS = 95;
const FULL_LOAD_PERCENT = 98;
const NS_PER_MS = 1e6;
const HZ_PER_MHZ = 1e6;

/** The node's health, one status a task: `<node>: lifecycle`, `pipeline`, each camera, `device`. */
export function diagnosticStatuses(
  node: NodeDiagnosis,
  parameters: DiagnosticParameters,
): readonly DiagnosticStatus[] {
  const status = (task: string, [level, message]: Verdict, values: Values): DiagnosticStatus => ({
    level,
    name: `${node.nodeName}: ${task}`,
    message,
    hardware_id: node.hardwareId,
    values: Object.entries(values).map(([key, value]) => ({ key, value: shown(value) })),
  });
  const { pipeline, cameras, device } = node;
  return [
    status('lifecycle', lifecycleVerdict(node), { state: node.state, last_error: node.lastError ?? '' }),
    status(
      'pipeline',
      pipelineVerdict(node, parameters),
      pipeline === undefined ? {} : pipelineValues(pipeline),
    ),
    ...cameras.map((camera) =>
      status(`camera ${camera.topic}`, cameraVerdict(camera, parameters), {
        frame_rate_msg: camera.framesPerSecond,
        received_frames: camera.received,
        malformed_messages: camera.malformed,
        last_problem: camera.lastProblem ?? '',
        publishers: camera.publishers,
        qos_mismatch: camera.qosMismatch ?? '',
        silent_ms: Math.round(camera.silentMs),
      }),
    ),
    status(
      'device',
      deviceVerdict(device?.board ?? {}, pipeline?.isSimulated ?? false),
      deviceValues(device),
    ),
  ];
}

type Verdict = readonly [Level, string];
type Values = Readonly<Record<string, string | number | boolean | undefined>>;

function shown(value: string | number | boolean | undefined): string {
  if (value === undefined || (typeof value === 'number' && Number.isNaN(value))) return 'n/a';
  if (typeof value === 'number' && !Number.isInteger(value)) return value.toFixed(3);
  return String(value);
}

function lifecycleVerdict({ state, lastError }: NodeDiagnosis): Verdict {
  if (lastError !== undefined && state !== 'active') return [LEVEL.error, lastError];
  if (lastError !== undefined) return [LEVEL.warn, lastError];
  return [LEVEL.ok, state];
}

function pipelineVerdict({ pipeline }: NodeDiagnosis, parameters: DiagnosticParameters): Verdict {
  if (pipeline === undefined) return [LEVEL.ok, 'no model is loaded'];
  const limitMs = parameters['diagnostics.max_allowed_processing_time_ms'];
  const longMs = parameters['diagnostics.max_acceptable_consecutive_delay_ms'];
  const simulated = pipeline.isSimulated ? ' (SIMULATED)' : '';
  if (pipeline.workersServing === 0) return [LEVEL.error, 'no worker serves'];
  const p95Ms = pipeline.stages.total.p95Ns / NS_PER_MS;
  if (limitMs > 0 && pipeline.overLimitMs > 0) {
    const message = `p95 of ${p95Ms.toFixed(1)} ms is over ${limitMs} ms${simulated}`;
    return longMs > 0 && pipeline.overLimitMs > longMs ? [LEVEL.error, message] : [LEVEL.warn, message];
  }
  if (pipeline.workersServing < pipeline.threads) {
    return [LEVEL.warn, `${pipeline.workersServing} of ${pipeline.threads} workers serve${simulated}`];
  }
  return [LEVEL.ok, `${pipeline.framesPerSecond.toFixed(1)} results a second${simulated}`];
}

function pipelineValues(pipeline: PipelineDiagnosis): Values {
  const { stages, counts } = pipeline;
  const ms = (stage: keyof StageSummaries): number =>
    stages[stage].count === 0 ? Number.NaN : stages[stage].p95Ns / NS_PER_MS;
  return {
    processing_time_ms: ms('total'),
    preprocess_time_ms: ms('preprocess'),
    inference_time_ms: ms('inference'),
    postprocess_time_ms: ms('postprocess'),
    queue_wait_ms: ms('queueWait'),
    current_delay_from_realtime_ms: ms('delay'),
    frame_rate_node: pipeline.framesPerSecond,
    received_frames: counts.received,
    published_frames: counts.published,
    total_dropped_frames: totalDropped(counts),
    ...Object.fromEntries(DROP_CAUSES.map((cause) => [`dropped_${cause}`, counts.dropped[cause]])),
    model: pipeline.model,
    backend: pipeline.backend,
    runtime: pipeline.runtime,
    simulated: pipeline.isSimulated,
    threads: pipeline.threads,
    workers_serving: pipeline.workersServing,
    workers_lost: pipeline.workersLost,
  };
}

function cameraVerdict(camera: CameraState, parameters: DiagnosticParameters): Verdict {
  const isSilent = camera.silentMs > parameters['diagnostics.stale_after_ms'];
  if (camera.qosMismatch !== undefined) {
    return [
      camera.received === 0 || isSilent ? LEVEL.error : LEVEL.warn,
      `incompatible QoS: ${camera.qosMismatch} is less than asked for: set qos_overrides.<topic>.subscription`,
    ];
  }
  if (isSilent) {
    const seconds = (camera.silentMs / 1000).toFixed(1);
    return [
      LEVEL.stale,
      camera.publishers === 0 ? `no publisher, silent for ${seconds} s` : `no frame for ${seconds} s`,
    ];
  }
  const expected = parameters['diagnostics.expected_fps'];
  const { framesPerSecond } = camera;
  if (expected > 0 && Math.abs(framesPerSecond - expected) > expected * FREQUENCY_TOLERANCE) {
    return [LEVEL.warn, `${framesPerSecond.toFixed(1)} frames a second where ${expected} are expected`];
  }
  if (camera.malformed > 0) return [LEVEL.warn, `${camera.malformed} messages could not be read`];
  return [LEVEL.ok, `${framesPerSecond.toFixed(1)} frames a second`];
}

function deviceVerdict(board: BoardReading, isSimulated: boolean): Verdict {
  const hottest = hottestCelsius(board);
  if (hottest !== undefined && hottest >= HOT_CELSIUS) {
    return [LEVEL.error, `${hottest.toFixed(0)} °C: the chip throttles or stops`];
  }
  const highest = Math.max(...(board.bpuLoadPercent ?? []));
  if (highest >= FULL_LOAD_PERCENT) {
    return [LEVEL.warn, `the BPU is loaded to ${highest.toFixed(0)} %${isSimulated ? ' (SIMULATED)' : ''}`];
  }
  return [LEVEL.ok, 'ok'];
}

function deviceValues(device: MachineReading | undefined): Values {
  const board = device?.board ?? {};
  const { bpuLoadPercent: loads = [], temperaturesCelsius = {} } = board;
  const megahertz = (frequencyHz: number | undefined): number | undefined =>
    frequencyHz === undefined ? undefined : frequencyHz / HZ_PER_MHZ;
  return {
    cpu_load_percent: device?.cpuLoadPercent,
    event_loop_delay_p99_ms: device?.eventLoopDelayP99Ms,
    memory_mib: device?.memoryMib,
    bpu_load_percent: bpuLoadPercent(board),
    ...(loads.length > 1 && Object.fromEntries(loads.map((load, core) => [`bpu${core}_load_percent`, load]))),
    bpu_frequency_mhz: megahertz(board.bpuFrequencyHz),
    ddr_frequency_mhz: megahertz(board.ddrFrequencyHz),
    cpu_frequency_mhz: megahertz(board.cpuFrequencyHz),
    cpu_governor: board.cpuGovernor,
    temperature_celsius: hottestCelsius(board),
    ...Object.fromEntries(
      Object.entries(temperaturesCelsius).map(([sensor, celsius]) => [
        `temperature_${sensor}_celsius`,
        celsius,
      ]),
    ),
  };
}
