import { bpuLoadPercent, hottestCelsius } from '../../inference/bpu/BoardMonitor.js';
import { DROP_CAUSES, type FrameCounts, totalDropped } from '../../stats/FrameAccounting.js';
import type { StageSummaries } from '../../stats/StageStatistics.js';
import type { NodeParameterValues } from '../parameters/parameterTable.js';
import type { CallbackFailures } from '../rcl/CallbackGuard.js';
import { lossRemedy } from './lossRemedy.js';
import type { MachineReading } from './MachineMonitor.js';
import type { OtherEndpoints } from './otherEndpoints.js';
import type { PictureView } from './PictureWatch.js';
import type { PipelineView } from './PipelineWatch.js';
import { type PictureParameters, pictureValues, pictureVerdict } from './pictureStatus.js';
import type { TransportView } from './transportView.js';

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

/** State of one camera. */
export interface CameraState {
  readonly topic: string;
  readonly framesPerSecond: number;
  /** Time since the last frame, or since the subscription if there was none. */
  readonly silentMs: number;
  readonly received: number;
  /** Messages that were not readable images. */
  readonly malformed: number;
  /** Messages that the camera sent and that did not arrive. */
  readonly missing: number;
  /** Messages that newer ones replaced in the middleware before a worker was free. */
  readonly superseded: number;
  /** Counts of the last five seconds. */
  readonly recent: {
    readonly received: number;
    readonly malformed: number;
    readonly missing: number;
    readonly superseded: number;
  };
  readonly lastProblem: string | undefined;
  /** The problem with the stamps of the last seconds. */
  readonly stampProblem: string | undefined;
  /** Summary of its pictures; undefined if they are not checked or none arrived recently. */
  readonly picture: PictureView | undefined;
  readonly publishers: OtherEndpoints;
}

export interface PipelineDiagnosis {
  readonly counts: FrameCounts;
  /** Messages that newer ones replaced in the middleware. */
  readonly superseded: number;
  readonly framesPerSecond: number;
  /** Undefined in the first second. */
  readonly view: PipelineView | undefined;
  /** Why the last failed frame failed in inference. */
  readonly lastFailure: string | undefined;
  readonly model: string;
  readonly backend: string;
  readonly runtime: string;
  readonly isSimulated: boolean;
  readonly threads: number;
  readonly workersServing: number;
  readonly workersLost: number;
}

type DiagnosticParameters = Pick<
  NodeParameterValues,
  | 'diagnostics.expected_fps'
  | 'diagnostics.max_allowed_processing_time_ms'
  | 'diagnostics.max_acceptable_consecutive_delay_ms'
  | 'diagnostics.stale_after_ms'
> &
  PictureParameters;

export interface NodeDiagnosis {
  readonly nodeName: string;
  readonly hardwareId: string;
  /** State of the lifecycle. */
  readonly state: string;
  readonly lastError: string | undefined;
  /** Undefined while no model is loaded. */
  readonly pipeline: PipelineDiagnosis | undefined;
  /** Whether the node is paused, without subscriptions to cameras. */
  readonly isPaused: boolean;
  /** Empty while the node is not active. */
  readonly cameras: readonly CameraState[];
  /** Undefined before the first reading. */
  readonly device: MachineReading | undefined;
  /** The transport of messages; read only if some are lost. */
  readonly transport: () => TransportView;
  readonly callbacks: CallbackFailures;
}

/** The tolerance of diagnostic_updater's frequency status. */
const FREQUENCY_TOLERANCE = 0.1;
/** Share of messages that may be lost between a camera and the node without a warning. */
const MISSING_TOLERANCE = 0.03;
/** Above this share of lost messages the camera counts as unavailable. */
const NEARLY_ALL = 0.8;
/** From this share on, frames that a live pipeline drops for newer ones are reported. */
const DROPS_WORTH_TELLING = 0.05;
const HOT_CELSIUS = 95;
const FULL_LOAD_PERCENT = 98;
const NS_PER_MS = 1e6;
const HZ_PER_MHZ = 1e6;

/** The node's health, one status per task: `<node>: lifecycle`, `pipeline`, each camera, `device`. */
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
  const remedyOf = ({ publishers }: CameraState): string =>
    lossRemedy({
      place: publishers.place,
      transport: node.transport(),
      eventLoopDelayMs: device?.eventLoopDelayP99Ms,
    });
  return [
    status('lifecycle', lifecycleVerdict(node), {
      state: node.state,
      paused: node.isPaused,
      last_error: node.lastError ?? '',
      callback_failures: node.callbacks.count,
    }),
    status(
      'pipeline',
      pipelineVerdict(node, parameters),
      pipeline === undefined ? {} : pipelineValues(pipeline),
    ),
    ...cameras.map((camera) =>
      status(`camera ${camera.topic}`, node.isPaused ? PAUSED : cameraVerdict(camera, parameters, remedyOf), {
        frame_rate_msg: camera.framesPerSecond,
        received_frames: camera.received,
        superseded_frames: camera.superseded,
        missing_frames: camera.missing,
        malformed_messages: camera.malformed,
        last_problem: camera.lastProblem ?? '',
        stamp_problem: camera.stampProblem ?? '',
        ...pictureValues(camera),
        publishers: camera.publishers.count,
        qos_mismatch: camera.publishers.mismatch ?? '',
        wrong_type: camera.publishers.wrongType ?? '',
        silent_ms: Math.round(camera.silentMs),
      }),
    ),
    status('device', deviceVerdict(device, pipeline?.isSimulated ?? false), deviceValues(device)),
  ];
}

type Verdict = readonly [Level, string];
const PAUSED: Verdict = [LEVEL.ok, 'paused'];

type Values = Readonly<Record<string, string | number | boolean | undefined>>;

function shown(value: string | number | boolean | undefined): string {
  if (value === undefined || (typeof value === 'number' && Number.isNaN(value))) return 'n/a';
  if (typeof value === 'number' && !Number.isInteger(value)) return value.toFixed(3);
  return String(value);
}

function lifecycleVerdict({ state, lastError, callbacks }: NodeDiagnosis): Verdict {
  if (lastError !== undefined && state !== 'active') return [LEVEL.error, lastError];
  if (lastError !== undefined) return [LEVEL.warn, lastError];
  if (callbacks.recent !== undefined) return [LEVEL.warn, callbacks.recent];
  return [LEVEL.ok, state];
}

function pipelineVerdict(
  { pipeline, isPaused, cameras }: NodeDiagnosis,
  parameters: DiagnosticParameters,
): Verdict {
  if (pipeline === undefined) return [LEVEL.ok, 'no model is loaded'];
  const simulated = pipeline.isSimulated ? ' (SIMULATED)' : '';
  const [level, message] =
    workersVerdict(pipeline) ??
    (isPaused ? PAUSED : undefined) ??
    framesVerdict(pipeline) ??
    latencyVerdict(pipeline, parameters) ??
    ([
      LEVEL.ok,
      `${pipeline.framesPerSecond.toFixed(1)} results a second${shareDropped(pipeline, cameras)}`,
    ] as const);
  return [level, `${message}${simulated}`];
}

function workersVerdict({ threads, workersServing }: PipelineDiagnosis): Verdict | undefined {
  if (workersServing === 0) return [LEVEL.error, 'no worker serves'];
  return workersServing < threads ? [LEVEL.warn, `${workersServing} of ${threads} workers serve`] : undefined;
}

/** Verdict on frames that should have had results and did not. */
function framesVerdict({ view, lastFailure }: PipelineDiagnosis): Verdict | undefined {
  if (view === undefined) return undefined;
  const { received, published, dropped } = view.recent;
  const failed = dropped.inference_failed + dropped.worker_died + dropped.timed_out;
  // Invalid images are the camera's fault and are reported in its status.
  const due = received - dropped.bad_image - dropped.rate_limited - dropped.closed;
  if (failed > 0) {
    const reason = lastFailure === undefined ? '' : `: ${lastFailure}`;
    return [
      published === 0 ? LEVEL.error : LEVEL.warn,
      `${failed} of ${due} frames failed in the last seconds${reason}`,
    ];
  }
  const late = dropped.queue_full + dropped.too_old;
  return published === 0 && late > 0
    ? [LEVEL.warn, `none of ${due} frames became a result in the last seconds, ${late} were dropped`]
    : undefined;
}

function latencyVerdict({ view }: PipelineDiagnosis, parameters: DiagnosticParameters): Verdict | undefined {
  const limitMs = parameters['diagnostics.max_allowed_processing_time_ms'];
  const longMs = parameters['diagnostics.max_acceptable_consecutive_delay_ms'];
  if (view === undefined || limitMs === 0 || view.overLimitMs === 0) return undefined;
  const p95Ms = view.stages.total.p95Ns / NS_PER_MS;
  const isLong = longMs > 0 && view.overLimitMs > longMs;
  return [isLong ? LEVEL.error : LEVEL.warn, `p95 of ${p95Ms.toFixed(1)} ms is over ${limitMs} ms`];
}

/** Share of frames replaced by newer ones in the queue or the middleware: intended, but worth reporting. */
function shareDropped({ view }: PipelineDiagnosis, cameras: readonly CameraState[]): string {
  if (view === undefined) return '';
  const { received, dropped } = view.recent;
  const superseded = cameras.reduce((sum, { recent }) => sum + recent.superseded, 0);
  const share = (dropped.queue_full + dropped.too_old + superseded) / Math.max(received + superseded, 1);
  return share < DROPS_WORTH_TELLING
    ? ''
    : `, ${Math.round(100 * share)} % of the frames dropped for newer ones`;
}

function pipelineValues(pipeline: PipelineDiagnosis): Values {
  const { view, counts } = pipeline;
  const ms = (stage: keyof StageSummaries): number | undefined => {
    const summary = view?.stages[stage];
    return summary === undefined || summary.count === 0 ? undefined : summary.p95Ns / NS_PER_MS;
  };
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
    superseded_frames: pipeline.superseded,
    model: pipeline.model,
    backend: pipeline.backend,
    runtime: pipeline.runtime,
    simulated: pipeline.isSimulated,
    threads: pipeline.threads,
    workers_serving: pipeline.workersServing,
    workers_lost: pipeline.workersLost,
  };
}

function cameraVerdict(
  camera: CameraState,
  parameters: DiagnosticParameters,
  remedyOf: (camera: CameraState) => string,
): Verdict {
  const { publishers, recent, framesPerSecond } = camera;
  const isSilent = camera.silentMs > parameters['diagnostics.stale_after_ms'];
  const isMute = camera.received === 0 || isSilent;
  if (publishers.mismatch !== undefined) {
    return [
      isMute ? LEVEL.error : LEVEL.warn,
      `incompatible QoS: ${publishers.mismatch} is less than asked for: set qos_overrides.<topic>.subscription`,
    ];
  }
  if (publishers.wrongType !== undefined && isMute) {
    return [LEVEL.error, `${publishers.wrongType} is not the type listened to: see image_transport`];
  }
  if (isSilent) {
    const seconds = (camera.silentMs / 1000).toFixed(1);
    if (publishers.count === 0) return [LEVEL.stale, `no publisher, silent for ${seconds} s`];
    // Nearly all earlier messages were lost, so the silence is a loss of messages too.
    if (lostShare(camera) > NEARLY_ALL) return [LEVEL.error, nearlyNothing(camera, remedyOf(camera))];
    const hint =
      camera.received === 0 ? `, though it is published: if the camera runs, ${remedyOf(camera)}` : '';
    return [LEVEL.stale, `no frame for ${seconds} s${hint}`];
  }
  if (recent.malformed > 0) {
    const reason = camera.lastProblem === undefined ? '' : `: ${camera.lastProblem}`;
    return [LEVEL.warn, `${recent.malformed} messages could not be read in the last seconds${reason}`];
  }
  const missing = lostShare(recent);
  if (missing > NEARLY_ALL) return [LEVEL.error, nearlyNothing(recent, remedyOf(camera))];
  const picture = pictureVerdict(camera, parameters);
  if (picture?.[0] === LEVEL.error) return picture;
  if (missing > MISSING_TOLERANCE) {
    return [
      LEVEL.warn,
      `${(100 * missing).toFixed(0)} % of the camera's frames did not arrive: ${remedyOf(camera)}`,
    ];
  }
  // After the losses, because missing frames are the more serious fault.
  if (camera.stampProblem !== undefined) return [LEVEL.warn, camera.stampProblem];
  if (picture !== undefined) return picture;
  const expected = parameters['diagnostics.expected_fps'];
  if (expected > 0 && Math.abs(framesPerSecond - expected) > expected * FREQUENCY_TOLERANCE) {
    return [LEVEL.warn, `${framesPerSecond.toFixed(1)} frames a second where ${expected} are expected`];
  }
  return [LEVEL.ok, `${framesPerSecond.toFixed(1)} frames a second`];
}

type Arrivals = Pick<CameraState, 'received' | 'missing' | 'superseded'>;

function lostShare({ received, missing, superseded }: Arrivals): number {
  return missing / Math.max(1, missing + superseded + received);
}

function nearlyNothing({ received, missing, superseded }: Arrivals, remedy: string): string {
  const arrived = received + superseded;
  return `nearly nothing of the camera arrives, ${arrived} of ${arrived + missing} frames: ${remedy}`;
}

function deviceVerdict(device: MachineReading | undefined, isSimulated: boolean): Verdict {
  if (device === undefined) return [LEVEL.ok, 'ok'];
  const { board, systemLoadPercent = 0 } = device;
  const hottest = hottestCelsius(board);
  if (hottest !== undefined && hottest >= HOT_CELSIUS) {
    return [LEVEL.error, `${hottest.toFixed(0)} °C: the chip throttles or stops`];
  }
  if (systemLoadPercent >= FULL_LOAD_PERCENT) {
    return [LEVEL.warn, `all processor cores are loaded to ${systemLoadPercent.toFixed(0)} %`];
  }
  const highest = Math.max(...(board.bpuLoadPercent ?? []));
  if (highest >= FULL_LOAD_PERCENT) {
    // A fully used BPU is no fault. Frames that it cannot take are reported in the pipeline's status.
    return [LEVEL.ok, `the BPU is fully used (${highest.toFixed(0)} %)${isSimulated ? ' (SIMULATED)' : ''}`];
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
    system_load_percent: device?.systemLoadPercent,
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
