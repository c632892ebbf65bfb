import { Classifier, type ClassifyOutcome } from '../classify/Classifier.js';
import type { ClassifierOptions } from '../classify/classifierOptions.js';
import type { ClassifierModel } from '../classify/ModelReading.js';
import type { ClassifyRegionsOutcome } from '../classify/RegionResult.js';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { runAllSteps } from '../core/runAllSteps.js';
import { type DetectionsMessage, regionBoxOf } from '../messages/detectionsMessage.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import type { FrameRequest } from './FrameRequests.js';
import type { ReceivedImage } from './images/MessageSamples.js';
import type { LiveView } from './LiveView.js';
import { NodePublishers } from './NodePublishers.js';
import {
  classifierOptionsOf,
  type NodeParameterName,
  type NodeParameterValues,
} from './parameters/parameterTable.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import type { RclModule, RclNode } from './rcl/rcl.js';
import type { MachineMonitor } from './reports/MachineMonitor.js';
import { type HeardCameras, PipelineReports } from './reports/PipelineReports.js';

export interface ServingPipelineOptions {
  readonly rcl: RclModule;
  readonly node: RclNode;
  /** The node's clock; undefined while simulated time is 0. */
  readonly nowNs: () => bigint | undefined;
  /** Finds and prepares the model that the options name. */
  readonly loadModel: (options: ClassifierOptions) => Promise<ClassifierModel>;
  /** The node's current parameters. */
  readonly parameters: () => NodeParameterValues;
  readonly machineMonitor: MachineMonitor;
  /** Version for vision_info: a new one for every loaded model. */
  readonly nextDatabaseVersion: () => number;
  /** A message of this topic is not an image or cannot be read. */
  readonly onBadImage: (topic: string, reason: string) => void;
  /** Undefined while the node is not active. */
  readonly cameras: () => HeardCameras | undefined;
  /** A managed node publishes only while it is active. */
  readonly isActive: () => boolean;
  readonly live: LiveView;
  /** Cancels loading. */
  readonly signal?: AbortSignal | undefined;
}

/** Classifies images and publishes the results. Exists only while the node is configured. */
export class ServingPipeline {
  readonly classifier: Classifier;
  readonly reports: PipelineReports;
  readonly publishers: NodePublishers;
  readonly #options: ServingPipelineOptions;
  #databaseVersion: number;
  #isClosed = false;

  private constructor(classifier: Classifier, options: ServingPipelineOptions) {
    const { rcl, node, parameters, isActive, live } = options;
    this.classifier = classifier;
    this.#options = options;
    this.#databaseVersion = options.nextDatabaseVersion();
    this.publishers = new NodePublishers(rcl, node, classifier, parameters);
    this.reports = new PipelineReports(classifier, options, (message) => {
      if (!isActive()) return;
      this.publishers.publishStatistics(message);
      live.feed.statistics(message);
    });
  }

  /**
   * Loads the model and publishes its description.
   *
   * @throws EffvitError as {@link Classifier.start}, BAD_CONFIG for a QoS override; then nothing is left running.
   */
  static async start(options: ServingPipelineOptions): Promise<ServingPipeline> {
    const { nowNs, loadModel, signal } = options;
    const parameters = options.parameters();
    const classifierOptions = classifierOptionsOf(parameters);
    const classifier = await Classifier.start(await loadModel(classifierOptions), {
      ...classifierOptions,
      sourceCount: parameters.image_topics.length,
      stampClockNs: nowNs,
      ...(signal !== undefined && { signal }),
    });
    try {
      return new ServingPipeline(classifier, options);
    } catch (error) {
      await classifier.close({ drain: false });
      throw error;
    }
  }

  /** Publishes which model and labels the results belong to; call it when the node becomes active. */
  announce(): void {
    this.publishers.publishModel(this.#databaseVersion);
  }

  /**
   * Classifies an image, publishes the outcome and releases the image. Never rejects.
   *
   * @param waitedNs how long it waited in the middleware.
   * @param detections boxes in the image that are classified in its place: those that a detector found, or that were
   *   asked for.
   */
  async classify(
    image: ReceivedImage,
    waitedNs: number,
    request?: FrameRequest,
    detections = request?.detections,
  ): Promise<void> {
    const { frame } = image;
    const isPublished = request?.isPublished ?? true;
    const isSingle = request?.isSingle ?? false;
    const isUnlimited = !isPublished;
    // In one function: each further one would be a promise and a turn of the microtasks for every frame.
    try {
      const outcome =
        detections === undefined
          ? await this.classifier.classify(frame, { isUnlimited, isSingle, waitedNs })
          : await this.classifier.classifyRegions(
              frame,
              detections.detections.map(({ bbox }) => regionBoxOf(bbox)),
              { isUnlimited, isSingle, tracks: detections.detections.map(({ id }) => id) },
            );
      this.#deliver(outcome, request, detections);
      if (this.#isClosed) return;
      const shown = this.#options.live.frames.offer(frame, outcome, () =>
        this.publishers.report(outcome, detections),
      );
      if (shown !== undefined) await shown;
      if (!isPublished || this.#isClosed) return;
      const drawn = this.publishers.debugImages.offer(frame, outcome);
      if (drawn !== undefined) await drawn;
    } catch (thrown) {
      // For example of the middleware: the message is lost, but the node continues.
      this.#options.node.getLogger().error(`${frame.source}: ${asEffvitError(thrown).message}`);
    } finally {
      image.release();
    }
  }

  /** Counts an image as dropped, and releases it. */
  drop(image: ReceivedImage, cause: DropCause): void {
    try {
      this.#deliver(this.classifier.refuse(image.frame, cause));
    } finally {
      image.release();
    }
  }

  /** Counts a message that is not a valid image as dropped. */
  refuse(topic: string, reason: EffvitError, request?: FrameRequest): void {
    const header = { stamp: { sec: 0, nanosec: 0 }, frameId: '', source: topic };
    this.#deliver(this.classifier.refuse(header, 'bad_image', reason), request);
  }

  /** Applies changed parameters to the running pipeline. @throws EffvitError why not; then nothing has changed. */
  async apply(values: NodeParameterValues, changed: ReadonlySet<NodeParameterName>): Promise<void> {
    const { classifier } = this;
    const options = classifierOptionsOf(values);
    const isSwapped = changed.has('model') || changed.has('backend');
    // May throw, so it comes before any change.
    this.publishers.offerSmoothed(values);
    try {
      if (isSwapped) {
        await classifier.swapModel(await this.#options.loadModel(options), options);
      } else {
        await classifier.setOptions(options);
      }
    } catch (error) {
      const isClosed = error instanceof EffvitError && error.code === 'CLOSED';
      if (!isClosed) throw error;
      throw new EffvitError('CLOSED', 'The node was cleaned up meanwhile: set this again.', { cause: error });
    }
    // The pipeline may have been closed meanwhile.
    if (this.#isClosed) return;
    if (isSwapped) this.#databaseVersion = this.#options.nextDatabaseVersion();
    if (!this.#options.isActive()) return;
    // The change has been made: a failure to publish it must not undo it.
    callbackGuard(this.#options.node).run('publishing the labels', () => {
      if (isSwapped) this.announce();
      else if (changed.has('score_threshold')) this.publishers.publishLabels();
    });
  }

  /** Finishes the frames in flight, then frees everything. */
  async close(): Promise<void> {
    await runAllSteps([
      () => this.reports.close(),
      () => this.classifier.close(),
      () => {
        this.#isClosed = true;
      },
      () => this.publishers.destroy(),
    ]);
  }

  #deliver(
    outcome: ClassifyOutcome | ClassifyRegionsOutcome,
    request?: FrameRequest,
    detections?: DetectionsMessage,
  ): void {
    try {
      if (!this.#isClosed) this.#publish(outcome, request?.isPublished ?? true, detections);
    } finally {
      request?.onOutcome({ outcome, report: this.publishers.report(outcome, detections), detections });
    }
  }

  #publish(
    outcome: ClassifyOutcome | ClassifyRegionsOutcome,
    isPublished: boolean,
    detections: DetectionsMessage | undefined,
  ): void {
    if (outcome.kind === 'result' && outcome.picture !== undefined) {
      this.#options.cameras()?.meters.of(outcome.header.source)?.picture(outcome.picture);
    }
    this.#tellFailure(outcome);
    if (isPublished) this.publishers.publishResult(outcome, detections);
    this.publishers.publishReport(outcome, detections);
  }

  /** Reports the error of a dropped frame, or of its first failed region. */
  #tellFailure(outcome: ClassifyOutcome | ClassifyRegionsOutcome): void {
    const { node, live, onBadImage, cameras } = this.#options;
    const { source } = outcome.header;
    if (outcome.kind === 'dropped') live.dropped(source, outcome.cause);
    const failures = outcome.kind === 'regions' ? outcome.regions : [outcome];
    for (const failure of failures) {
      if (!('error' in failure) || failure.error === undefined) continue;
      const { message } = failure.error;
      if (failure.cause === 'bad_image') {
        cameras()?.meters.of(source)?.problem(message);
        onBadImage(source, message);
      } else {
        this.reports.frameFailed(message);
        node.getLogger().error(`${source}: ${message}`);
      }
      return;
    }
  }
}
