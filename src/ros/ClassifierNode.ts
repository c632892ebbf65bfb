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
import { nodeWithClockQos } from './patches/nodeWithClockQos.js';
import { nodeWithDeferredTakes } from './patches/nodeWithDeferredTakes.js';
import { nodeWithKnownTopics } from './patches/nodeWithKnownTopics.js';
import { nodeWithParameterFiles } from './patches/nodeWithParameterFiles.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import { NodeClock } from './rcl/NodeClock.js';
import type { RclModule, RclNode } from './rcl/rcl.js';
import { BadImageWarnings } from './reports/BadImageWarnings.js';
import { MachineMonitor } from './reports/MachineMonitor.js';
import { type NodeCondition, NodeDiagnostics } from './reports/NodeDiagnostics.js';
import { ServingPipeline } from './ServingPipeline.js';
import { offerClassify } from './services/offerClassify.js';
import { offerEnable } from './services/offerEnable.js';
import { offerReset } from './services/offerReset.js';
import type { SingleShotTarget } from './services/SingleShot.js';
import { unlessForced } from './unlessForced.js';

/**
 * How long rclnodejs's thread waits at most before it looks for entities that came or went, which the main thread
 * waits for in turn. Messages wake it at once; its default of 10 ms took half a percent of a core while nothing came.
 */
const SPIN_TIMEOUT_MS = 50;

/** How long a pause is waited for, beyond which frames that were taken before may still come out. */
const PAUSE_LIMIT_MS = 5000;

export interface ClassifierNodeOptions {
  /** Finds and prepares the model that the parameters name. */
  readonly loadModel: (
    options: ClassifierOptions,
    notice: (text: string) => void,
  ) => Promise<ClassifierModel>;
  /** The board's own sensors. */
  readonly readSensors?: () => BoardReading;
  /** Once it is aborted, frames are no longer waited for: those that are left are dropped as `closed`. */
  readonly forceStop?: AbortSignal;
}

/** Everything that exists only while the node is active. */
interface Active {
  readonly feed: CameraFeed;
  /** Aborted at its end. */
  readonly end: AbortController;
  /** Where the messages of bond are installed. */
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
  /** While the node is configured. */
  #pipeline: ServingPipeline | undefined;
  #active: Active | undefined;
  readonly #badImages: BadImageWarnings;
  readonly #live: LiveView;
  #lastError: string | undefined;
  /** Of vision_info: counts up with every model that came to serve since the node began. */
  #databaseVersion = 0;

  /**
   * Makes the node with its services; it is unconfigured.
   *
   * @throws EffvitError BAD_CONFIG naming every parameter value that cannot be taken.
   */
  constructor(rcl: RclModule, options: ClassifierNodeOptions) {
    this.#rcl = rcl;
    this.#options = options;
    this.#machineMonitor = new MachineMonitor(options.readSensors);
    const nodeOptions = new rcl.NodeOptions();
    // Ours can refuse a change after having tried it; see NodeParameters.
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
        classIdFormat: () => this.#parameters.values.class_id_format,
      });
    } catch (error) {
      this.#node.destroy();
      throw error;
    }
    this.#live = new LiveView(this.#node);
    this.#badImages = new BadImageWarnings((text) => this.#node.getLogger().warn(text));
    this.#diagnostics = new NodeDiagnostics(
      this.#node,
      () => this.#parameters.values,
      () => this.#condition(),
      (statuses) => this.#live.feed.diagnostics(statuses),
    );
    // A page that cannot be served is told, and the node does its work without.
    this.#live.apply(this.#parameters.values).catch((error: unknown) => {
      callbackGuard(this.#node).failed('the live page', error);
    });
    this.#node.spin(SPIN_TIMEOUT_MS);
  }

  /** A line of the log for people who started it by hand and wait. */
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
   * Drains, frees everything and removes the node from the ROS graph; at any moment. Once `forceStop` is aborted,
   * hanging work is abandoned.
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

  /** Takes changed parameters into what runs; throws why they cannot be taken, and then nothing has changed. */
  async #apply(values: NodeParameterValues, changed: ReadonlySet<NodeParameterName>): Promise<void> {
    await this.lifecycle.settled();
    const feed = this.#active?.feed;
    const old = this.#parameters.values;
    let isMoved = false;
    try {
      // What is quickly taken back comes first.
      feed?.setPaused(!values.enabled);
      if (changed.has('web_port') || changed.has('web_address')) {
        await this.#live.apply(values);
        isMoved = true;
      }
      await this.#pipeline?.apply(values, changed);
      const options = this.#pipeline?.classifier.options;
      if (options !== undefined) feed?.setOptions(options);
    } catch (error) {
      feed?.setPaused(!old.enabled);
      if (isMoved) await this.#live.apply(old);
      throw error;
    }
    feed?.fitReaders();
    if (changed.has('enabled') && !values.enabled) await this.#drainForPause();
    const period = 'diagnostic_updater.period';
    if (changed.has(period)) this.#diagnostics.setPeriod(values[period]);
  }

  /** Paused means that nothing more comes: what was taken before is finished first, within a limit. */
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

  /** False where there is nothing to reset. */
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
      pipeline: pipeline?.reports.diagnosis(),
      isPaused: active?.feed.isPaused ?? false,
      cameras: active?.feed.states() ?? [],
      subscribers: pipeline?.subscribers() ?? new Map(),
      machine: pipeline?.reports.machine ?? this.#machineMonitor.take(undefined),
    };
  }
}
