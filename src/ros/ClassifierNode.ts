import { runAllSteps } from '../core/runAllSteps.js';
import type { BoardReading } from '../inference/bpu/BoardMonitor.js';
import { LiveView } from './LiveView.js';
import { LifecycleMachine } from './lifecycle/LifecycleMachine.js';
import { offerLifecycle } from './lifecycle/offerLifecycle.js';
import { NodeParameters } from './parameters/NodeParameters.js';
import type { NodeParameterName, NodeParameterValues } from './parameters/parameterTable.js';
import { nodeWithClockQos } from './patches/nodeWithClockQos.js';
import { nodeWithDeferredTakes } from './patches/nodeWithDeferredTakes.js';
import { nodeWithKnownTopics } from './patches/nodeWithKnownTopics.js';
import { nodeWithParameterFiles } from './patches/nodeWithParameterFiles.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import { nodeClock } from './rcl/nodeClock.js';
import { type ActionResult, offerAction } from './rcl/offerService.js';
import type { RclModule, RclNode } from './rcl/rcl.js';
import { MachineMonitor } from './reports/MachineMonitor.js';
import { NodeDiagnostics } from './reports/NodeDiagnostics.js';
import { ServingLifecycle, type ServingOptions } from './ServingLifecycle.js';
import { offerClassify } from './services/offerClassify.js';
import { unlessForced } from './unlessForced.js';

/**
 * The longest wait of rclnodejs's thread before it checks for added or removed entities, during which the main thread
 * waits for it. Messages wake it immediately; the default of 10 ms took half a percent of a core on an idle node.
 */
const SPIN_TIMEOUT_MS = 50;

export interface ClassifierNodeOptions extends Pick<ServingOptions, 'loadModel'> {
  /** Reads the board's sensors. */
  readonly readSensors?: () => BoardReading;
  /** Once it is aborted, frames are no longer waited for; the remaining ones are dropped as `closed`. */
  readonly forceStop?: AbortSignal;
}

/** The managed node `classifier`: camera topics in, classifications out. */
export class ClassifierNode {
  readonly lifecycle: LifecycleMachine;
  readonly #node: RclNode;
  readonly #options: ClassifierNodeOptions;
  readonly #parameters: NodeParameters;
  readonly #serving: ServingLifecycle;
  readonly #diagnostics: NodeDiagnostics;
  readonly #machineMonitor: MachineMonitor;
  readonly #live: LiveView;

  /**
   * Creates the node with its services, in the unconfigured state.
   *
   * @throws EffvitError BAD_CONFIG naming every invalid parameter value.
   */
  constructor(rcl: RclModule, options: ClassifierNodeOptions) {
    this.#options = options;
    this.#machineMonitor = new MachineMonitor(options.readSensors);
    const nodeOptions = new rcl.NodeOptions();
    // This node's services can refuse a change after trying it; see NodeParameters.
    nodeOptions.startParameterServices = false;
    const Base = nodeWithKnownTopics(nodeWithClockQos(rcl, nodeWithParameterFiles(rcl)));
    const Node = nodeWithDeferredTakes(Base);
    const node = new Node('classifier', undefined, undefined, nodeOptions);
    this.#node = node;
    this.#live = new LiveView(node);
    const parameters = () => this.#parameters.values;
    try {
      this.#parameters = new NodeParameters(rcl, node, {
        state: () => this.lifecycle.state,
        apply: (values, changed) => this.#apply(values, changed),
      });
      this.#serving = new ServingLifecycle({
        rcl,
        node,
        nowNs: nodeClock(node),
        parameters,
        machineMonitor: this.#machineMonitor,
        live: this.#live,
        loadModel: options.loadModel,
        state: () => this.lifecycle.state,
        forceStop: options.forceStop,
      });
      this.lifecycle = new LifecycleMachine(this.#serving);
      offerLifecycle(node, this.lifecycle);
      offerAction(node, 'std_srvs/srv/Trigger', '~/reset_statistics', () => this.#serving.resetStatistics());
      offerAction(node, 'std_srvs/srv/SetBool', '~/enable', ({ data }) => this.#enable(data));
      offerClassify(node, () => this.#serving.singleShotTarget(), parameters);
    } catch (error) {
      node.destroy();
      throw error;
    }
    this.#diagnostics = new NodeDiagnostics(node, {
      parameters,
      condition: () => this.#serving.condition(this.#parameters.problem),
      subscribers: () => this.#serving.pipeline?.publishers.subscribers() ?? new Map(),
      onStatuses: (statuses) => this.#live.feed.diagnostics(statuses),
    });
    // A page that cannot be served is logged; the node works without it.
    this.#live.apply(this.#parameters.values).catch((error: unknown) => {
      callbackGuard(node).failed('the live page', error);
    });
    node.spin(SPIN_TIMEOUT_MS);
  }

  /** Logs a hint for people who started the node by hand and wait for results. */
  logUnconfigured(): void {
    const name = this.fullName;
    this.#node
      .getLogger()
      .info(
        `${name} is unconfigured: go on with \`ros2 lifecycle set ${name} configure\` and \`... activate\`, or start it with --autostart.`,
      );
  }

  get fullName(): string {
    return this.#node.getFullyQualifiedName();
  }

  /**
   * Drains, frees everything and removes the node from the ROS graph; may be called at any time. Once `forceStop` is
   * aborted, hung work is abandoned.
   */
  async destroy(): Promise<void> {
    const serving = this.#serving;
    await unlessForced(this.#shutDown(), this.#options.forceStop, () => serving.pipeline?.classifier);
    await runAllSteps([
      () => serving.pipeline?.reports.close(),
      () => this.#live.close(),
      () => this.#diagnostics.close(),
      () => this.#machineMonitor.close(),
      () => this.#node.stop(),
      () => this.#node.destroy(),
    ]);
  }

  async #shutDown(): Promise<void> {
    await this.lifecycle.settled();
    if (this.lifecycle.state !== 'finalized') await this.lifecycle.request({ id: 0, label: 'shutdown' });
  }

  async #apply(values: NodeParameterValues, changed: ReadonlySet<NodeParameterName>): Promise<void> {
    await this.lifecycle.settled();
    await this.#serving.apply(values, changed);
    const period = 'diagnostic_updater.period';
    if (changed.has(period)) this.#diagnostics.setPeriod(values[period]);
  }

  /** Resolves when no earlier frame is in flight. */
  async #enable(isEnabled: boolean | undefined): Promise<ActionResult> {
    const { successful, reason } = await this.#parameters.set('enabled', isEnabled);
    return { success: successful, message: successful ? this.#serving.description : reason };
  }
}
