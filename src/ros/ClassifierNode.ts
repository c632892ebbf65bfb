import type { ClassifierModel } from '../classify/Classifier.js';
import type { ClassifierOptions } from '../classify/classifierOptions.js';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { runAllSteps } from '../core/runAllSteps.js';
import type { BoardReading } from '../inference/bpu/BoardMonitor.js';
import { Bond } from './Bond.js';
import { CameraFeed } from './CameraFeed.js';
import { LiveView } from './LiveView.js';
import { LifecycleMachine } from './lifecycle/LifecycleMachine.js';
import type { PrimaryState } from './lifecycle/lifecycleGraph.js';
import { offerLifecycle, transitionPublisher } from './lifecycle/offerLifecycle.js';
import { NodeParameters } from './parameters/NodeParameters.js';
import type { NodeParameterName, NodeParameterValues } from './parameters/parameterTable.js';
import { rollBack } from './parameters/rollBack.js';
import { nodeWithClockQos } from './patches/nodeWithClockQos.js';
import { nodeWithDeferredTakes } from './patches/nodeWithDeferredTakes.js';
import { nodeWithKnownTopics } from './patches/nodeWithKnownTopics.js';
import { nodeWithParameterFiles } from './patches/nodeWithParameterFiles.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import { NodeClock } from './rcl/NodeClock.js';
import type { RclModule, RclNode } from './rcl/rcl.js';
import { BadImageWarnings } from './reports/BadImageWarnings.js';
import type { NodeCondition } from './reports/diagnosticStatus.js';
import { MachineMonitor } from './reports/MachineMonitor.js';
import { NodeDiagnostics } from './reports/NodeDiagnostics.js';
import { ServingPipeline } from './ServingPipeline.js';
import { offerClassify } from './services/offerClassify.js';
import { offerEnable } from './services/offerEnable.js';
import { offerReset } from './services/offerReset.js';
import type { SingleShotTarget } from './services/SingleShot.js';
import { unlessForced } from './unlessForced.js';

/**
 * The longest wait of rclnodejs's thread before it checks for added or removed entities, during which the main thread
 * waits for it. Messages wake it immediately; the default of 10 ms took half a percent of a core on an idle node.
 */
const SPIN_TIMEOUT_MS = 50;

/** How long a pause waits for frames in flight; results of slower frames may still be published afterwards. */
const PAUSE_LIMIT_MS = 5000;

export interface ClassifierNodeOptions {
  /** Finds and prepares the model that the parameters name. */
  readonly loadModel: (
    options: ClassifierOptions,
    notice: (text: string) => void,
  ) => Promise<ClassifierModel>;
  /** Reads the board's sensors. */
  readonly readSensors?: () => BoardReading;
  /** Once it is aborted, frames are no longer waited for; the remaining ones are dropped as `closed`. */
  readonly forceStop?: AbortSignal;
}

/** Objects that exist only while the node is active. */
interface Active {
  readonly feed: CameraFeed;
  /** Aborted when the node is no longer active. */
  readonly end: AbortController;
  /** Set if the messages of bond are installed. */
  readonly bond: Bond | undefined;
}

/** The managed node `classifier`: camera topics in, classifications out. */
export class ClassifierNode {
  readonly lifecycle: LifecycleMachine;
  readonly #rcl: RclModule;
  readonly #node: RclNode;
  readonly #options: ClassifierNodeOptions;
  readonly #parameters: NodeParameters;
  readonly #diagnostics: NodeDiagnostics;
  readonly #clock: NodeClock;
  readonly #machineMonitor: MachineMonitor;
  /** Set while the node is configured. */
  #pipeline: ServingPipeline | undefined;
  #active: Active | undefined;
  readonly #badImages: BadImageWarnings;
  readonly #live: LiveView;
  #lastError: string | undefined;
  /** Version in vision_info: increments with every model loaded since the node started. */
  #databaseVersion = 0;

  /**
   * Creates the node with its services, in the unconfigured state.
   *
   * @throws EffvitError BAD_CONFIG naming every invalid parameter value.
   */
  constructor(rcl: RclModule, options: ClassifierNodeOptions) {
    this.#rcl = rcl;
    this.#options = options;
    this.#machineMonitor = new MachineMonitor(options.readSensors);
    const nodeOptions = new rcl.NodeOptions();
    // This node's services can refuse a change after trying it; see NodeParameters.
    nodeOptions.startParameterServices = false;
    const Base = nodeWithKnownTopics(rcl, nodeWithClockQos(rcl, nodeWithParameterFiles(rcl)));
    const Node = nodeWithDeferredTakes(Base);
    this.#node = new Node('classifier', undefined, undefined, nodeOptions);
    this.#clock = new NodeClock(this.#node);
    try {
      this.#parameters = new NodeParameters(rcl, this.#node, {
        state: () => this.lifecycle.state,
        apply: (values, changed) => this.#apply(values, changed),
      });
      this.lifecycle = new LifecycleMachine({
        configure: () => this.#configure(),
        activate: () => this.#activate(),
        deactivate: () => this.#deactivate(),
        cleanup: () => this.#cleanup(),
        shutdown: (from) => this.#shutdown(from),
        onError: (cause) => this.#onError(cause),
        onTransition: transitionPublisher(this.#node),
      });
      offerLifecycle(this.#node, this.lifecycle);
      offerReset(this.#node, () => this.#resetStatistics());
      offerEnable(this.#node, {
        set: (isEnabled) => this.#parameters.set('enabled', isEnabled),
        describe: () => this.#describeEnabled(),
      });
      offerClassify(this.#node, {
        target: () => this.#singleShotTarget(),
        parameters: () => this.#parameters.values,
      });
    } catch (error) {
      this.#node.destroy();
      throw error;
    }
    this.#live = new LiveView(this.#node);
    this.#badImages = new BadImageWarnings((text) => this.#node.getLogger().warn(text));
    this.#diagnostics = new NodeDiagnostics(this.#node, {
      parameters: () => this.#parameters.values,
      condition: () => this.#condition(),
      subscribers: () => this.#pipeline?.subscribers() ?? new Map(),
      onStatuses: (statuses) => this.#live.feed.diagnostics(statuses),
    });
    // A page that cannot be served is logged; the node works without it.
    this.#live.apply(this.#parameters.values).catch((error: unknown) => {
      callbackGuard(this.#node).failed('the live page', error);
    });
    this.#node.spin(SPIN_TIMEOUT_MS);
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
    await unlessForced(this.#shutDown(), this.#options.forceStop, () => this.#pipeline?.classifier);
    await runAllSteps([
      () => this.#pipeline?.reports.close(),
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

  async #configure(): Promise<void> {
    const logger = this.#node.getLogger();
    try {
      const pipeline = await ServingPipeline.start({
        rcl: this.#rcl,
        node: this.#node,
        loadModel: (options) => this.#options.loadModel(options, (text) => logger.warn(text)),
        parameters: () => this.#parameters.values,
        machineMonitor: this.#machineMonitor,
        clock: this.#clock,
        nextDatabaseVersion: () => {
          this.#databaseVersion += 1;
          return this.#databaseVersion;
        },
        onBadImage: (topic, reason) => {
          this.#active?.feed.problem(topic, reason);
          this.#badImages.report(topic, reason);
        },
        onPicture: (topic, picture) => this.#active?.feed.picture(topic, picture),
        live: this.#live,
        isPaused: () => this.#active?.feed.isPaused ?? false,
        unmatched: () => this.#active?.feed.unmatched(),
        isActive: () => this.lifecycle.state === 'active' || this.lifecycle.state === 'activating',
        signal: this.#options.forceStop,
      });
      this.#pipeline = pipeline;
      this.#lastError = undefined;
      const { info, manifest, labels, options } = pipeline.classifier;
      const simulated = info.isSimulated ? ' This is a SIMULATION.' : '';
      logger.info(
        `${manifest.name} with ${labels.length} classes on ${info.runtime}, ${options.threads} threads.${simulated}`,
      );
    } catch (error) {
      this.#lastError = asEffvitError(error).message;
      throw error;
    }
  }

  async #activate(): Promise<void> {
    const pipeline = this.#require();
    const feed = new CameraFeed({
      rcl: this.#rcl,
      node: this.#node,
      nowNs: () => this.#clock.nowNs(),
      pipeline,
      parameters: this.#parameters.values,
    });
    const end = new AbortController();
    this.#active = { feed, end, bond: undefined };
    try {
      pipeline.announce();
      this.#active = { feed, end, bond: Bond.start(this.#node) };
    } catch (error) {
      await this.#deactivate();
      throw error;
    }
    this.#node.getLogger().info(`Listening to ${feed.description}.`);
  }

  async #deactivate(): Promise<void> {
    const active = this.#active;
    await runAllSteps([
      () => active?.bond?.end(),
      () => active?.end.abort(),
      () => active?.feed.destroy(),
      () => {
        this.#active = undefined;
      },
      () => this.#pipeline?.classifier.drain(),
    ]);
  }

  async #cleanup(): Promise<void> {
    const pipeline = this.#pipeline;
    this.#pipeline = undefined;
    await pipeline?.close();
  }

  async #shutdown(from: PrimaryState): Promise<void> {
    await runAllSteps([() => (from === 'active' ? this.#deactivate() : undefined), () => this.#cleanup()]);
  }

  async #onError(cause: unknown): Promise<void> {
    this.#lastError = asEffvitError(cause).message;
    this.#node.getLogger().error(this.#lastError);
    await runAllSteps([() => this.#deactivate(), () => this.#cleanup()]);
  }

  /** Applies changed parameters to the running node. If they cannot be applied it throws, and nothing has changed. */
  async #apply(values: NodeParameterValues, changed: ReadonlySet<NodeParameterName>): Promise<void> {
    await this.lifecycle.settled();
    const feed = this.#active?.feed;
    const old = this.#parameters.values;
    let isMoved = false;
    try {
      // The step that is easiest to undo comes first.
      feed?.setPaused(!values.enabled);
      if (changed.has('web_port') || changed.has('web_address')) {
        await this.#live.apply(values);
        isMoved = true;
      }
      await this.#pipeline?.apply(values, changed);
      const options = this.#pipeline?.classifier.options;
      if (options !== undefined) feed?.setOptions(options);
    } catch (error) {
      await rollBack(error, [
        () => feed?.setPaused(!old.enabled),
        () => (isMoved ? this.#live.apply(old) : undefined),
      ]);
    }
    feed?.fitReaders();
    if (changed.has('enabled') && !values.enabled) await this.#drainForPause();
    const period = 'diagnostic_updater.period';
    if (changed.has(period)) this.#diagnostics.setPeriod(values[period]);
  }

  /** Waits, up to a limit, for frames taken before the pause, so that no result is published after it. */
  async #drainForPause(): Promise<void> {
    const signal = AbortSignal.timeout(PAUSE_LIMIT_MS);
    await this.#pipeline?.classifier.drain({ signal }).catch(() => {});
  }

  /** @throws EffvitError BAD_ARGUMENT: the node is not active. */
  #singleShotTarget(): SingleShotTarget {
    const pipeline = this.#pipeline;
    const active = this.#active;
    if (pipeline !== undefined && active !== undefined) {
      return { pipeline, feed: active.feed, ended: active.end.signal };
    }
    throw new EffvitError('BAD_ARGUMENT', `The node is ${this.lifecycle.state}: activate it first.`);
  }

  #describeEnabled(): string {
    const feed = this.#active?.feed;
    if (feed !== undefined) return `Listening to ${feed.description}.`;
    const will = this.#parameters.values.enabled ? 'listens to its cameras' : 'is paused';
    return `The node is ${this.lifecycle.state}: it ${will} once it is active.`;
  }

  #require(): ServingPipeline {
    if (this.#pipeline === undefined) {
      throw new EffvitError('INTERNAL', 'The node is not configured; this is a defect of effvit.');
    }
    return this.#pipeline;
  }

  /** False if there is nothing to reset. */
  #resetStatistics(): boolean {
    this.#pipeline?.reports.reset();
    this.#active?.feed.resetMeters();
    this.#live.feed.reset();
    return this.#pipeline !== undefined;
  }

  #condition(): NodeCondition {
    const pipeline = this.#pipeline;
    const active = this.#active;
    return {
      state: this.lifecycle.state,
      lastError: this.#lastError,
      parameterProblem: this.#parameters.problem,
      pipeline: pipeline?.reports.diagnosis(),
      isPaused: active?.feed.isPaused ?? false,
      cameras: active?.feed.states() ?? [],
      machine: pipeline?.reports.machine ?? this.#machineMonitor.take(undefined),
    };
  }
}
