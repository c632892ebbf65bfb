import { hostname } from 'node:os';
import { stampFromNs } from '../../core/Stamp.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import type { NodeParameterValues } from '../parameters/parameterTable.js';
import { callbackGuard } from '../rcl/CallbackGuard.js';
import { CdrPublisher } from '../rcl/CdrPublisher.js';
import type { RclNode } from '../rcl/rcl.js';
import { type DiagnosticStatus, diagnosticStatuses, type NodeCondition } from './diagnosticStatus.js';
import type { OtherEndpoints } from './otherEndpoints.js';
import { type TransportView, transportView } from './transportView.js';

const MS_PER_S = 1000;
const TRANSPORT_PERIOD_NS = 10e9;

export interface DiagnosticsOptions {
  readonly parameters: () => NodeParameterValues;
  readonly condition: () => NodeCondition;
  /** The subscribers of the node's topics, by topic. */
  readonly subscribers: () => ReadonlyMap<string, OtherEndpoints>;
  /** Called with the statuses of every message. */
  readonly onStatuses: (statuses: readonly DiagnosticStatus[]) => void;
}

/**
 * The name that the node's entries begin with. By ROS's diagnostic_updater it is the bare name unless use_fqn is set, and
 * viewers would take the entries of two robots for those of one node.
 */
function nameInDiagnostics(node: RclNode, values: NodeParameterValues): string {
  return values['diagnostic_updater.use_fqn'] || node.namespace() !== '/'
    ? node.getFullyQualifiedName()
    : node.name();
}

/** Publishes /diagnostics periodically, in every state and also without subscribers. */
export class NodeDiagnostics {
  readonly #node: RclNode;
  readonly #options: DiagnosticsOptions;
  readonly #publisher: CdrPublisher;
  readonly #warnOfEndpoints: ReturnType<typeof endpointWarnings>;
  #transport: { readonly view: TransportView; readonly lookedNs: number } | undefined;
  /** Undefined once closed. */
  #timer: NodeJS.Timeout | undefined;

  constructor(node: RclNode, options: DiagnosticsOptions) {
    this.#node = node;
    this.#options = options;
    this.#publisher = new CdrPublisher(node, 'diagnostic_msgs/msg/DiagnosticArray', '/diagnostics');
    this.#warnOfEndpoints = endpointWarnings((text) => node.getLogger().warn(text));
    this.#timer = this.#startTimer(options.parameters()['diagnostic_updater.period']);
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
    const guard = callbackGuard(this.#node);
    return guard.every(MS_PER_S * periodS, 'the timer of /diagnostics', () => this.#publish());
  }

  /** Cached, because it reads a dozen files and more, which would delay frames by milliseconds at each message. */
  #lookAtTransport(): TransportView {
    const nowNs = monotonicNs();
    if (this.#transport === undefined || nowNs - this.#transport.lookedNs > TRANSPORT_PERIOD_NS)
      this.#transport = { view: transportView(process.env), lookedNs: nowNs };
    return this.#transport.view;
  }

  #publish(): void {
    const { condition, subscribers, onStatuses, parameters } = this.#options;
    const present = condition();
    const cameras = new Map(present.cameras.map(({ topic, publishers }) => [topic, publishers]));
    this.#warnOfEndpoints(cameras, subscribers());
    const values = parameters();
    const statuses = diagnosticStatuses(
      {
        ...present,
        nodeName: nameInDiagnostics(this.#node, values),
        hardwareId: hostname(),
        transport: () => this.#lookAtTransport(),
        callbacks: callbackGuard(this.#node).failures,
      },
      values,
    );
    this.#publisher.publish({
      header: { stamp: stampFromNs(this.#node.now().nanoseconds), frame_id: '' },
      status: statuses,
    });
    onStatuses(statuses);
  }
}

/**
 * Endpoints that do not match exchange no messages and get no error, so this logs a warning once.
 *
 * @returns function that takes the publishers and the subscribers on the other side of each topic.
 */
export function endpointWarnings(warn: (text: string) => void) {
  let logged: ReadonlySet<string> = new Set();
  return (
    publishers: ReadonlyMap<string, OtherEndpoints>,
    subscribers: ReadonlyMap<string, OtherEndpoints>,
  ): void => {
    const found = [
      ...[...publishers].flatMap(([topic, { mismatch, wrongType }]) => [
        mismatch &&
          `A publisher of ${topic} offers a QoS that does not fit and is not heard (${mismatch}): see qos_overrides.${topic}.subscription.`,
        wrongType &&
          `A publisher of ${topic} is not heard, since it sends another type (${wrongType}): see image_transport.`,
      ]),
      ...[...subscribers].flatMap(([topic, { mismatch, wrongType }]) => [
        mismatch &&
          `A subscriber of ${topic} asks for a QoS that is not offered and gets nothing (${mismatch}): see qos_overrides.${topic}.publisher.`,
        wrongType && `A subscriber of ${topic} gets nothing, since it expects another type: ${wrongType}.`,
      ]),
    ];
    const warnings = new Set(found.filter((warning) => warning !== undefined));
    for (const warning of warnings) if (!logged.has(warning)) warn(warning);
    logged = warnings;
  };
}
