import type { ClassifierOptions } from '../classify/classifierOptions.js';
import type { ClassifierModel } from '../classify/ModelReading.js';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { runAllSteps } from '../core/runAllSteps.js';
import { Bond } from './Bond.js';
import { CameraFeed } from './CameraFeed.js';
import type { LifecycleCallbacks } from './lifecycle/LifecycleMachine.js';
import type { LifecycleState, PrimaryState } from './lifecycle/lifecycleGraph.js';
import { transitionPublisher } from './lifecycle/offerLifecycle.js';
import type { NodeParameterName, NodeParameterValues } from './parameters/parameterTable.js';
import { rollBack } from './parameters/rollBack.js';
import type { ActionResult } from './rcl/offerService.js';
import { badImageWarnings } from './reports/badImageWarnings.js';
import type { NodeCondition } from './reports/diagnosticStatus.js';
import { ServingPipeline, type ServingPipelineOptions } from './ServingPipeline.js';
import type { SingleShotTarget } from './services/SingleShot.js';

/** How long a pause waits for frames in flight; results of slower frames may still be published afterwards. */
const PAUSE_LIMIT_MS = 5000;

export interface ServingOptions
  extends Pick<ServingPipelineOptions, 'rcl' | 'node' | 'nowNs' | 'parameters' | 'machineMonitor' | 'live'> {
  /** Finds and prepares the model that the parameters name. */
  readonly loadModel: (
    options: ClassifierOptions,
    notice: (text: string) => void,
  ) => Promise<ClassifierModel>;
  /** The node's state. */
  readonly state: () => LifecycleState;
  /** Once it is aborted, loading is cancelled. */
  readonly forceStop?: AbortSignal | undefined;
}

/**
 * The work of the node's lifecycle transitions and parameter changes. Owns the pipeline, which exists while the node is
 * configured, and the feed of the cameras, which exists while it is active.
 */
export class ServingLifecycle implements LifecycleCallbacks {
  readonly onTransition: LifecycleCallbacks['onTransition'];
  readonly #options: ServingOptions;
  readonly #onBadImage: (topic: string, reason: string) => void;
  #pipeline: ServingPipeline | undefined;
  #feed: CameraFeed | undefined;
  /** Set while the node is active, if the messages of bond are installed. */
  #bond: Bond | undefined;
  #lastError: string | undefined;
  /** Version in vision_info: increments with every model loaded since the node started. */
  #databaseVersion = 0;

  constructor(options: ServingOptions) {
    this.#options = options;
    this.onTransition = transitionPublisher(options.node);
    this.#onBadImage = badImageWarnings((text) => options.node.getLogger().warn(text));
  }

  /** Undefined unless the node is configured. */
  get pipeline(): ServingPipeline | undefined {
    return this.#pipeline;
  }

  async configure(): Promise<void> {
    const { loadModel, state, forceStop, ...common } = this.#options;
    const logger = common.node.getLogger();
    try {
      const pipeline = await ServingPipeline.start({
        ...common,
        loadModel: (options) => loadModel(options, (text) => logger.warn(text)),
        nextDatabaseVersion: () => {
          this.#databaseVersion += 1;
          return this.#databaseVersion;
        },
        onBadImage: this.#onBadImage,
        cameras: () => this.#feed,
        isActive: () => ['active', 'activating'].includes(state()),
        signal: forceStop,
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

  async activate(): Promise<void> {
    const pipeline = this.#pipeline;
    if (pipeline === undefined) {
      throw new EffvitError('INTERNAL', 'The node is not configured; this is a defect of effvit.');
    }
    const { rcl, node, nowNs, parameters } = this.#options;
    const feed = new CameraFeed({ rcl, node, nowNs, pipeline, parameters: parameters() });
    this.#feed = feed;
    try {
      pipeline.announce();
      this.#bond = Bond.start(node);
    } catch (error) {
      await this.deactivate();
      throw error;
    }
    node.getLogger().info(`Listening to ${feed.description}.`);
  }

  async deactivate(): Promise<void> {
    const [feed, bond] = [this.#feed, this.#bond];
    await runAllSteps([
      () => bond?.end(),
      () => feed?.destroy(),
      () => {
        this.#feed = undefined;
        this.#bond = undefined;
      },
      () => this.#pipeline?.classifier.drain(),
    ]);
  }

  async cleanup(): Promise<void> {
    const pipeline = this.#pipeline;
    this.#pipeline = undefined;
    await pipeline?.close();
  }

  async shutdown(from: PrimaryState): Promise<void> {
    await runAllSteps([() => (from === 'active' ? this.deactivate() : undefined), () => this.cleanup()]);
  }

  async onError(cause: unknown): Promise<void> {
    this.#lastError = asEffvitError(cause).message;
    this.#options.node.getLogger().error(this.#lastError);
    await runAllSteps([() => this.deactivate(), () => this.cleanup()]);
  }

  /** Applies changed parameters to the running node. If they cannot be applied it throws, and nothing has changed. */
  async apply(values: NodeParameterValues, changed: ReadonlySet<NodeParameterName>): Promise<void> {
    const { live, parameters } = this.#options;
    const feed = this.#feed;
    const old = parameters();
    let isMoved = false;
    try {
      // The step that is easiest to undo comes first.
      feed?.setPaused(!values.enabled);
      if (changed.has('web_port') || changed.has('web_address')) {
        await live.apply(values);
        isMoved = true;
      }
      await this.#pipeline?.apply(values, changed);
    } catch (error) {
      await rollBack(error, [
        () => feed?.setPaused(!old.enabled),
        () => (isMoved ? live.apply(old) : undefined),
      ]);
    }
    feed?.adoptOptions();
    if (!changed.has('enabled') || values.enabled) return;
    // Frames taken before the pause: their results should not be published after it.
    const signal = AbortSignal.timeout(PAUSE_LIMIT_MS);
    await this.#pipeline?.classifier.drain({ signal }).catch(() => {});
  }

  /** @throws EffvitError BAD_ARGUMENT: the node is not active. */
  singleShotTarget(): SingleShotTarget {
    const [pipeline, feed] = [this.#pipeline, this.#feed];
    if (pipeline !== undefined && feed !== undefined) return { pipeline, feed };
    throw new EffvitError('BAD_ARGUMENT', `The node is ${this.#options.state()}: activate it first.`);
  }

  /** What the node listens to, as one sentence. */
  get description(): string {
    if (this.#feed !== undefined) return `Listening to ${this.#feed.description}.`;
    const { state, parameters } = this.#options;
    const will = parameters().enabled ? 'listens to its cameras' : 'is paused';
    return `The node is ${state()}: it ${will} once it is active.`;
  }

  resetStatistics(): ActionResult {
    this.#pipeline?.reports.reset();
    this.#feed?.resetCounts();
    this.#options.live.feed.reset();
    return this.#pipeline === undefined
      ? { success: false, message: 'The node is not configured: there are no statistics.' }
      : { success: true, message: 'Counts and latencies start anew.' };
  }

  condition(parameterProblem: string | undefined): NodeCondition {
    const [reports, feed] = [this.#pipeline?.reports, this.#feed];
    return {
      state: this.#options.state(),
      lastError: this.#lastError,
      parameterProblem,
      pipeline: reports?.diagnosis(),
      isPaused: feed?.isPaused ?? false,
      cameras: feed?.states() ?? [],
      machine: reports?.machine ?? this.#options.machineMonitor.take(undefined),
    };
  }
}
