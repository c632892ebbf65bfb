import { Classifier, type ClassifierModel, type ClassifyOutcome } from '../classify/Classifier.js';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { Parameters } from '../core/parameters.js';
import type { BoardReading } from '../inference/bpu/BoardMonitor.js';
import { CameraMeters } from './CameraMeters.js';
import { CameraSubscriptions } from './CameraSubscriptions.js';
import type { ReceivedImage } from './images/ReceivedImage.js';
import { LifecycleMachine } from './lifecycle/LifecycleMachine.js';
import type { PrimaryState } from './lifecycle/lifecycleGraph.js';
import { offerLifecycle, transitionPublisher } from './lifecycle/offerLifecycle.js';
import { MachineMonitor } from './MachineMonitor.js';
import { type NodeCondition, NodeDiagnostics } from './NodeDiagnostics.js';
import { NodePublishers } from './NodePublishers.js';
import { nodeWithClockQos } from './nodeWithClockQos.js';
import { nodeWithParameterFiles } from './nodeWithParameterFiles.js';
import { offerService } from './offerService.js';
import { PipelineReports } from './PipelineReports.js';
import { NodeParameters } from './parameters/NodeParameters.js';
import type { RclModule, RclNode } from './rcl.js';
import { unlessHurried } from './unlessHurried.js';

/**
 * How long rclnodejs's thread waits at most before it looks for entities that came or went, which the main thread
 * waits for in turn. Messages wake it at once; its default of 10 ms took half a percent of a core while nothing came.
 */
const SPIN_TIMEOUT_MS = 50;

export interface ClassifierNodeOptions {
  /** Finds and prepares the model that the parameters name. */
  readonly loadModel: (parameters: Parameters, notice: (text: string) => void) => Promise<ClassifierModel>;
  /** The board's own sensors. */
  readonly readSensors?: () => BoardReading;
  /** Once it is aborted, frames are no longer waited for: those that are left are dropped as `closed`. */
  readonly hurry?: AbortSignal;
}

/** Everything that exists only while the node is configured. */
interface Configured {
  readonly classifier: Classifier;
  readonly publishers: NodePublishers;
  readonly reports: PipelineReports;
}

/** Everything that exists only while the node is active. */
interface Active {
  readonly cameras: CameraSubscriptions;
  readonly meters: CameraMeters;
}

/** The managed node `classifier`: camera topics in, classifications out. */
export class ClassifierNode {
  readonly lifecycle: LifecycleMachine;
  readonly #rcl: RclModule;
  readonly #node: RclNode;
  readonly #options: ClassifierNodeOptions;
  readonly #parameters: NodeParameters;
  readonly #diagnostics: NodeDiagnostics;
  readonly #machineMonitor: MachineMonitor;
  #configured: Configured | undefined;
  #active: Active | undefined;
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
    const Node = nodeWithClockQos(rcl, nodeWithParameterFiles(rcl));
    this.#node = new Node('classifier', undefined, undefined, nodeOptions);
    try {
      this.#parameters = new NodeParameters(rcl, this.#node, {
        state: () => this.lifecycle.state,
        apply: (parameters, changed) => this.#apply(parameters, changed),
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
      this.#offerReset();
    } catch (error) {
      this.#node.destroy();
      throw error;
    }
    this.#diagnostics = new NodeDiagnostics(
      this.#node,
      () => this.#parameters.values,
      () => this.#condition(),
    );
    this.#node.spin(SPIN_TIMEOUT_MS);
  }

  get fullName(): string {
    return this.#node.getFullyQualifiedName();
  }

  /** Drains, frees everything and takes the node from the graph; at any moment. What hangs is given up in a hurry. */
  async destroy(): Promise<void> {
    await unlessHurried(this.#shutDown(), this.#options.hurry, () => this.#configured?.classifier);
    this.#configured?.reports.close();
    this.#diagnostics.close();
    this.#machineMonitor.close();
    this.#node.stop();
    this.#node.destroy();
  }

  async #shutDown(): Promise<void> {
    await this.lifecycle.settled();
    if (this.lifecycle.state !== 'finalized') await this.lifecycle.request({ id: 0, label: 'shutdown' });
  }

  async #configure(): Promise<void> {
    const logger = this.#node.getLogger();
    const parameters = this.#parameters.values;
    try {
      const model = await this.#options.loadModel(parameters, (text) => logger.warn(text));
      const classifier = await Classifier.start({
        model,
        parameters: forTopics(parameters),
        // Simulated time stands at 0 until /clock ticks, and a delay by it would mean nothing.
        stampClockNs: () => this.#node.now().nanoseconds || undefined,
        ...(this.#options.hurry !== undefined && { signal: this.#options.hurry }),
      });
      try {
        this.#begin(classifier);
      } catch (error) {
        await classifier.close({ drain: false });
        throw error;
      }
      const { info, manifest } = classifier;
      const simulated = info.isSimulated ? ' This is a SIMULATION.' : '';
      logger.info(
        `${manifest.name} with ${classifier.labels.length} classes on ${info.runtime}, ${parameters.threads} threads.${simulated}`,
      );
    } catch (error) {
      this.#lastError = asEffvitError(error).message;
      throw error;
    }
  }

  /** Publishes what the classifier does from now on. */
  #begin(classifier: Classifier): void {
    const publishers = new NodePublishers(this.#rcl, this.#node);
    try {
      publishers.publishModel(classifier, this.#parameters.values, this.#nextDatabaseVersion());
    } catch (error) {
      publishers.destroy();
      throw error;
    }
    const reports = new PipelineReports({
      classifier,
      machineMonitor: this.#machineMonitor,
      nowNs: () => this.#node.now().nanoseconds,
      parameters: () => this.#parameters.values,
      publish: (message) => publishers.publishStatistics(message),
    });
    this.#configured = { classifier, publishers, reports };
    this.#lastError = undefined;
  }

  async #activate(): Promise<void> {
    const { classifier } = this.#require();
    const cameras = new CameraSubscriptions(this.#rcl, this.#node, this.#parameters.values, {
      onImage: (image) => this.#onImage(image),
      onProblem: (topic, thrown) => {
        const error = asEffvitError(thrown, 'BAD_IMAGE');
        this.#active?.meters.frame(topic);
        const header = { stamp: { sec: 0, nanosec: 0 }, frameId: '', source: topic };
        this.#onOutcome(classifier.refuse(header, 'bad_image', error));
      },
      onMissing: (topic, count) => {
        this.#configured?.reports.framesMissing(count);
        this.#active?.meters.missing(topic, count);
      },
    });
    this.#active = { cameras, meters: new CameraMeters(cameras.topics) };
    this.#node.getLogger().info(`Listening to ${cameras.topics.join(', ')}.`);
  }

  async #deactivate(): Promise<void> {
    this.#active?.cameras.destroy();
    this.#active = undefined;
    await this.#configured?.classifier.drain();
  }

  async #cleanup(): Promise<void> {
    const configured = this.#configured;
    if (configured === undefined) return;
    configured.reports.close();
    await configured.classifier.close();
    configured.publishers.destroy();
    this.#configured = undefined;
  }

  async #shutdown(from: PrimaryState): Promise<void> {
    try {
      if (from === 'active') await this.#deactivate();
    } finally {
      await this.#cleanup();
    }
  }

  async #onError(cause: unknown): Promise<void> {
    this.#lastError = asEffvitError(cause).message;
    this.#node.getLogger().error(this.#lastError);
    await this.#deactivate();
    await this.#cleanup();
  }

  #onImage(image: ReceivedImage): void {
    const { frame } = image;
    this.#active?.meters.frame(frame.source);
    const { classifier } = this.#require();
    void classifier.classify(frame).then((outcome) => {
      this.#onOutcome(outcome);
      const configured = this.#configured;
      const drawn = configured?.publishers.offerDebugImage(
        frame,
        outcome,
        configured.classifier,
        this.#parameters.values,
      );
      if (drawn === undefined) image.release();
      else void drawn.then(() => image.release());
    });
  }

  #onOutcome(outcome: ClassifyOutcome): void {
    const configured = this.#configured;
    if (configured === undefined) return;
    if (outcome.kind === 'dropped' && outcome.error !== undefined) {
      const { source } = outcome.header;
      if (outcome.cause === 'bad_image') this.#active?.meters.problem(source, outcome.error.message);
      else {
        configured.reports.frameFailed(outcome.error.message);
        this.#node.getLogger().error(`${source}: ${outcome.error.message}`);
      }
    }
    configured.publishers.publishOutcome(outcome, configured.classifier, this.#parameters.values);
  }

  /** Takes changed parameters into what runs; throws why they cannot be taken, and then nothing has changed. */
  async #apply(parameters: Parameters, changed: ReadonlySet<string>): Promise<void> {
    await this.lifecycle.settled();
    if (this.#configured !== undefined) await this.#applyTo(this.#configured, parameters, changed);
    const period = 'diagnostic_updater.period';
    if (changed.has(period)) this.#diagnostics.setPeriod(parameters[period]);
  }

  async #applyTo(
    configured: Configured,
    parameters: Parameters,
    changed: ReadonlySet<string>,
  ): Promise<void> {
    const { classifier, publishers } = configured;
    const isSwapped = changed.has('model') || changed.has('backend');
    try {
      if (isSwapped) {
        const model = await this.#options.loadModel(parameters, (text) => this.#node.getLogger().warn(text));
        await classifier.swapModel(model, forTopics(parameters));
      } else {
        await classifier.setParameters(forTopics(parameters));
      }
    } catch (error) {
      const isClosed = error instanceof EffvitError && error.code === 'CLOSED';
      if (!isClosed) throw error;
      throw new EffvitError('CLOSED', 'The node was cleaned up meanwhile: set this again.', { cause: error });
    }
    // A cleanup may have come meanwhile.
    if (this.#configured !== configured) return;
    if (isSwapped) publishers.publishModel(classifier, parameters, this.#nextDatabaseVersion());
    else if (changed.has('score_threshold')) publishers.publishLabels(classifier, parameters);
  }

  #nextDatabaseVersion(): number {
    this.#databaseVersion += 1;
    return this.#databaseVersion;
  }

  #require(): Configured {
    if (this.#configured === undefined) {
      throw new EffvitError('INTERNAL', 'The node is not configured; this is a defect of effvit.');
    }
    return this.#configured;
  }

  #offerReset(): void {
    offerService<object, { success: boolean; message: string }>(
      this.#node,
      'std_srvs/srv/Trigger',
      '~/reset_statistics',
      () => {
        const reports = this.#configured?.reports;
        reports?.reset();
        this.#active?.meters.reset();
        return reports === undefined
          ? { success: false, message: 'The node is not configured: there are no statistics.' }
          : { success: true, message: 'Counts and latencies start anew.' };
      },
      (message) => ({ success: false, message }),
    );
  }

  #condition(): NodeCondition {
    const configured = this.#configured;
    const active = this.#active;
    return {
      state: this.lifecycle.state,
      lastError: this.#lastError,
      pipeline: configured?.reports.diagnosis(),
      cameras: active?.meters.states((topic) => active.cameras.publishers(topic)) ?? [],
      subscribers: configured?.publishers.subscribers() ?? new Map(),
      machine: configured?.reports.machine ?? this.#machineMonitor.take(undefined),
    };
  }
}

/** A camera cannot be made to wait: what it sends while the queue is full is dropped under `block`, too. */
function forTopics(parameters: Parameters): Parameters {
  return parameters.drop_policy === 'block' ? { ...parameters, drop_policy: 'newest' } : parameters;
}
