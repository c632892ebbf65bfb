import type { LifecycleState } from '../lifecycle/lifecycleGraph.js';
import type { NodeParameterValues } from '../parameters/parameterTable.js';
import type { CallbackFailures } from '../rcl/CallbackGuard.js';
import type { CameraState } from './CameraMeters.js';
import { cameraValues, cameraVerdict } from './cameraStatus.js';
import { deviceValues, deviceVerdict } from './deviceStatus.js';
import { lossRemedy } from './lossRemedy.js';
import type { MachineReading } from './MachineMonitor.js';
import type { PipelineDiagnosis } from './PipelineReports.js';
import { pipelineValues, pipelineVerdict } from './pipelineStatus.js';
import type { TransportView } from './transportView.js';
import { LEVEL, PAUSED, type Values, type Verdict } from './Verdict.js';

/** diagnostic_msgs/msg/DiagnosticStatus */
export interface DiagnosticStatus {
  readonly level: Verdict[0];
  readonly name: string;
  readonly message: string;
  readonly hardware_id: string;
  readonly values: readonly { readonly key: string; readonly value: string }[];
}

/** State of the node for diagnostics. */
export interface NodeCondition {
  readonly state: LifecycleState;
  /** Why the last transition failed. */
  readonly lastError: string | undefined;
  /** Why the node does not run with the values of its parameters. */
  readonly parameterProblem: string | undefined;
  /** Undefined while no model is loaded. */
  readonly pipeline: PipelineDiagnosis | undefined;
  /** Whether the node is paused, without subscriptions to cameras. */
  readonly isPaused: boolean;
  /** Empty while the node is not active. */
  readonly cameras: readonly CameraState[];
  readonly machine: MachineReading;
}

export interface NodeDiagnosis extends NodeCondition {
  readonly nodeName: string;
  readonly hardwareId: string;
  /** The transport of messages; read only if some are lost. */
  readonly transport: () => TransportView;
  readonly callbacks: CallbackFailures;
}

/** The node's health, one status per task: `<node>: lifecycle`, `pipeline`, each camera, `device`. */
export function diagnosticStatuses(
  node: NodeDiagnosis,
  parameters: NodeParameterValues,
): readonly DiagnosticStatus[] {
  const status = (task: string, [level, message]: Verdict, values: Values): DiagnosticStatus => ({
    level,
    name: `${node.nodeName}: ${task}`,
    message,
    hardware_id: node.hardwareId,
    values: Object.entries(values).map(([key, value]) => ({ key, value: shown(value) })),
  });
  const { pipeline, cameras, machine, isPaused } = node;
  const remedyOf = ({ publishers }: CameraState): string =>
    lossRemedy({
      place: publishers.place,
      transport: node.transport(),
      eventLoopDelayMs: machine.eventLoopDelayP99Ms,
    });
  const superseded = cameras.reduce((sum, { recent }) => sum + recent.superseded, 0);
  return [
    status('lifecycle', lifecycleVerdict(node), {
      state: node.state,
      paused: isPaused,
      last_error: node.lastError ?? '',
      parameter_problem: node.parameterProblem ?? '',
      callback_failures: node.callbacks.count,
    }),
    pipeline === undefined
      ? status('pipeline', [LEVEL.ok, 'no model is loaded'], {})
      : status(
          'pipeline',
          pipelineVerdict(pipeline, parameters, isPaused, superseded),
          pipelineValues(pipeline),
        ),
    ...cameras.map((camera) => {
      const verdict = isPaused ? PAUSED : cameraVerdict(camera, parameters, remedyOf);
      return status(`camera ${camera.topic}`, verdict, cameraValues(camera));
    }),
    status('device', deviceVerdict(machine, pipeline?.isSimulated ?? false), deviceValues(machine)),
  ];
}

function shown(value: string | number | boolean | undefined): string {
  if (value === undefined || (typeof value === 'number' && Number.isNaN(value))) return 'n/a';
  if (typeof value === 'number' && !Number.isInteger(value)) return value.toFixed(3);
  return String(value);
}

function lifecycleVerdict({ state, lastError, parameterProblem, callbacks }: NodeDiagnosis): Verdict {
  if (lastError !== undefined) return [state === 'active' ? LEVEL.warn : LEVEL.error, lastError];
  if (parameterProblem !== undefined) return [LEVEL.error, parameterProblem];
  if (callbacks.recent !== undefined) return [LEVEL.warn, callbacks.recent];
  return [LEVEL.ok, state];
}
