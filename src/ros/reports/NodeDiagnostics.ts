import { hostname } from 'node:os';
import { stampFromNs } from '../../core/Stamp.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import type { LifecycleState } from '../lifecycle/lifecycleGraph.js';
import type { NodeParameterValues } from '../parameters/parameterTable.js';
import { callbackGuard } from '../rcl/CallbackGuard.js';
import { CdrPublisher } from '../rcl/CdrPublisher.js';
import type { RclNode } from '../rcl/rcl.js';
import {
  type CameraState,
  type DiagnosticStatus,
  diagnosticStatuses,
  type PipelineDiagnosis,
} from './diagnosticStatus.js';
import { EndpointWarnings } from './EndpointWarnings.js';
import type { MachineReading } from './MachineMonitor.js';
import type { OtherEndpoints } from './otherEndpoints.js';
import { type TransportView, transportView } from './transportView.js';

const MS_PER_S = 1000;
const TRANSPORT_PERIOD_NS = 10e9;

/** State of the node for diagnostics. */
export interface NodeCondition {
  readonly state: LifecycleState;
  /** Why the last transition failed. */
  readonly lastError: string | undefined;
  readonly pipeline: PipelineDiagnosis | undefined;
  /** Whether the node is paused, without subscriptions to cameras. */
  readonly isPaused: boolean;
  readonly cameras: readonly CameraState[];
  /** The subscribers of the node's topics, by topic. */
  readonly subscribers: ReadonlyMap<string, OtherEndpoints>;
  readonly machine: MachineReading;
}

/** Publishes /diagnostics periodically, in every state and also without subscribers. */
export class NodeDiagnostics {
  readonly #node: RclNode;
  readonly #parameters: () => NodeParameterValues;
  readonly #conditionOf: () => NodeCondition;
  readonly #onStatuses: (statuses: readonly DiagnosticStatus[]) => void;
  readonly #publisher: CdrPublisher;
  readonly #endpointWarnings: EndpointWarnings;
  #transport: { readonly view: TransportView; readonly lookedNs: number } | undefined;
  /** Undefined once closed. */
  #timer: NodeJS.Timeout | undefined;

  /** @param onStatuses called with the statuses of every message. */
  constructor(
    node: RclNode,
    parameters: () => NodeParameterValues,
    conditionOf: () => NodeCondition,
    onStatuses: (statuses: readonly DiagnosticStatus[]) => void,
  ) {
    this.#onStatuses = onStatuses;
    this.#node = node;
    this.#parameters = parameters;
    this.#conditionOf = conditionOf;
    this.#publisher = new CdrPublisher(node, 'diagnostic_msgs/msg/DiagnosticArray', '/diagnostics');
    this.#endpointWarnings = new EndpointWarnings((text) => node.getLogger().warn(text));
    this.#timer = this.#startTimer(parameters()['diagnostic_updater.period']);
  }

  /** Sets the period; the next message is published after one new period. */
  setPeriod(periodS: number): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = this.#startTimer(periodS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #startTimer(periodS: number): NodeJS.Timeout {
    return setInterval(
      () => callbackGuard(this.#node).run('the timer of /diagnostics', () => this.#publish()),
      MS_PER_S * periodS,
    );
  }

  /** Cached, because it reads a dozen files and more, which would delay frames by milliseconds at each message. */
  #lookAtTransport(): TransportView {
    const nowNs = monotonicNs();
    if (this.#transport === undefined || nowNs - this.#transport.lookedNs > TRANSPORT_PERIOD_NS)
      this.#transport = { view: transportView(process.env), lookedNs: nowNs };
    return this.#transport.view;
  }

  #publish(): void {
    const { state, lastError, pipeline, isPaused, cameras, subscribers, machine } = this.#conditionOf();
    this.#endpointWarnings.update(
      new Map(cameras.map(({ topic, publishers }) => [topic, publishers])),
      subscribers,
    );
    const statuses = diagnosticStatuses(
      {
        nodeName: this.#node.name(),
        hardwareId: hostname(),
        state,
        lastError,
        pipeline,
        isPaused,
        cameras,
        device: machine,
        transport: () => this.#lookAtTransport(),
        callbacks: callbackGuard(this.#node).failures,
      },
      this.#parameters(),
    );
    this.#publisher.publish({
      header: { stamp: stampFromNs(this.#node.now().nanoseconds), frame_id: '' },
      status: statuses,
    });
    this.#onStatuses(statuses);
  }
}
