import { Classifier, type ClassifierModel, type ClassifyOutcome } from '../classify/Classifier.js';
import type { ClassifierOptions } from '../classify/classifierOptions.js';
import type { UnmatchedCause } from '../classify/DetectionPairing.js';
import type { UnmatchedView } from '../classify/DetectorPairings.js';
import type { ClassifyRegionsOutcome } from '../classify/RegionResult.js';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { runAllSteps } from '../core/runAllSteps.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { type DetectionsMessage, regionBoxOf } from '../messages/detectionsMessage.js';
import type { FrameReportMessage } from '../messages/frameReportMessage.js';
import type { PictureCondition } from '../pool/FrameOutcome.js';
import type { ReceivedImage } from './images/ReceivedImage.js';
import type { LiveView } from './LiveView.js';
import { NodePublishers } from './NodePublishers.js';
import {
  classifierOptionsOf,
  type NodeParameterName,
  type NodeParameterValues,
} from './parameters/parameterTable.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import type { NodeClock } from './rcl/NodeClock.js';
import type { RclModule, RclNode } from './rcl/rcl.js';
import type { MachineMonitor } from './reports/MachineMonitor.js';
import type { OtherEndpoints } from './reports/otherEndpoints.js';
import { PipelineReports } from './reports/PipelineReports.js';

export interface ServingPipelineOptions {
  readonly rcl: RclModule;
  readonly node: RclNode;
  readonly clock: NodeClock;
  /** Finds and prepares the model that the options name. */
  readonly loadModel: (options: ClassifierOptions) => Promise<ClassifierModel>;
  /** The node's current parameters. */
  readonly parameters: () => NodeParameterValues;
  readonly machineMonitor: MachineMonitor;
  /** Version for vision_info: a new one for every loaded model. */
  readonly nextDatabaseVersion: () => number;
  /** A message of this topic is not an image or cannot be read. */
  readonly onBadImage: (topic: string, reason: string) => void;
  /** Counts of unmatched frames and detections; undefined if whole frames are classified. */
  readonly unmatched: () => UnmatchedView | undefined;
  /** Measurements of a frame's picture, if pictures are checked. */
  readonly onPicture: (topic: string, picture: PictureCondition) => void;
  /** A managed node publishes only while it is active. */
  readonly isActive: () => boolean;
  readonly isPaused: () => boolean;
  readonly live: LiveView;
  /** Cancels loading. */
  readonly signal?: AbortSignal | undefined;
}

/** A request for the outcome of one frame. */
export interface FrameRequest {
  /** False: only the requester gets the result, and the rate limit does not apply. ~/frames reports it in any case. */
  readonly isPublished: boolean;
  /** It has no part in what the camera's frames are compared with: smoothing, and a content that does not change. */
  readonly isSingle?: boolean;
  /** Boxes that are classified in place of the whole frame. */
  readonly detections?: DetectionsMessage;
  /** Called once, when the frame's outcome is known. */
  readonly onOutcome: (answered: AnsweredRequest) => void;
}

export interface AnsweredRequest {
  readonly outcome: ClassifyOutcome | ClassifyRegionsOutcome;
  readonly report: FrameReportMessage;
  /** The boxes that were classified in place of the whole frame. */
  readonly detections?: DetectionsMessage;
}

/** Classifies images and publishes the results. Exists only while the node is configured. */
export class ServingPipeline {
  readonly classifier: Classifier;
  readonly reports: PipelineReports;
  readonly #options: ServingPipelineOptions;
  readonly #publishers: NodePublishers;
  #databaseVersion: number;
  #isClosed = false;

  private constructor(classifier: Classifier, options: ServingPipelineOptions) {
    const { rcl, node, machineMonitor, parameters, nextDatabaseVersion } = options;
    this.classifier = classifier;
    this.#options = options;
    this.#databaseVersion = nextDatabaseVersion();
    const publishers = new NodePublishers(rcl, node, parameters());
    this.#publishers = publishers;
    this.reports = new PipelineReports({
      classifier,
      machineMonitor,
      nowNs: () => node.now().nanoseconds,
      parameters,
      isPaused: options.isPaused,
      unmatched: options.unmatched,
      publish: () =>
        options.isActive()
          ? (message) => {
              publishers.publishStatistics(message, classifier);
              options.live.feed.statistics(message);
            }
          : undefined,
      run: (callback) => callbackGuard(node).run('the timer of ~/statistics', callback),
    });
  }

  /**
   * Loads the model and publishes its description.
   *
   * @throws EffvitError as {@link Classifier.start}, BAD_CONFIG for a QoS override; then nothing is left running.
   */
  static async start(options: ServingPipelineOptions): Promise<ServingPipeline> {
    const { clock, loadModel, signal } = options;
    const parameters = options.parameters();
    const classifierOptions = classifierOptionsOf(parameters);
    const classifier = await Classifier.start(await loadModel(classifierOptions), {
      ...classifierOptions,
      sourceCount: parameters.image_topics.length,
      stampClockNs: () => clock.nowNs(),
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
    this.#publishers.publishModel(this.classifier, this.#options.parameters(), this.#databaseVersion);
  }

  /** Number of frames of each camera that may wait in the middleware. */
  get readerDepth(): number {
    return this.classifier.readerDepth;
  }

  /**
   * Classifies an image, publishes the outcome and releases the image. Never rejects.
   *
   * @param waitedNs how long it waited in the middleware.
   */
  async classify(image: ReceivedImage, request?: FrameRequest, waitedNs = 0): Promise<void> {
    const { frame } = image;
    const isPublished = request?.isPublished ?? true;
    // In one function: each further one would be a promise and a turn of the microtasks for every frame.
    try {
      const isSingle = request?.isSingle ?? false;
      const outcome = await this.classifier.classify(frame, {
        isUnlimited: !isPublished,
        isSingle,
        waitedNs,
      });
      this.#deliver(outcome, request);
      if (this.#isClosed) return;
      const shown = this.#options.live.frames.offer(frame, outcome, () =>
        this.#publishers.report(outcome, this.classifier),
      );
      if (shown !== undefined) await shown;
      const drawn = isPublished ? this.#draw(frame, outcome) : undefined;
      if (drawn !== undefined) await drawn;
    } catch (thrown) {
      this.#onFault(image, thrown);
    } finally {
      image.release();
    }
  }

  /** Like {@link classify}, for boxes in the image: those that a detector found, or that were asked for. */
  async classifyRegions(
    image: ReceivedImage,
    detections: DetectionsMessage,
    request?: FrameRequest,
  ): Promise<void> {
    const { frame } = image;
    const isPublished = request?.isPublished ?? true;
    const boxes = detections.detections.map(({ bbox }) => regionBoxOf(bbox));
    const ids = detections.detections.map(({ id }) => id);
    try {
      const outcome = await this.classifier.classifyRegions(frame, boxes, {
        tracks: ids,
        isUnlimited: !isPublished,
        isSingle: request?.isSingle ?? false,
      });
      const report = (): FrameReportMessage => this.#publishers.report(outcome, this.classifier, ids);
      try {
        if (this.#isClosed) return;
        this.#tellFailure(outcome);
        if (isPublished) {
          const { parameters } = this.#options;
          this.#publishers.publishRegions(outcome, detections, this.classifier, parameters());
        }
        this.#publishers.publishReport(outcome, this.classifier, ids);
      } finally {
        request?.onOutcome({ outcome, report: report(), detections });
      }
      const shown = this.#options.live.frames.offer(frame, outcome, report);
      if (shown !== undefined) await shown;
      const drawn = isPublished ? this.#draw(frame, outcome) : undefined;
      if (drawn !== undefined) await drawn;
    } catch (thrown) {
      this.#onFault(image, thrown);
    } finally {
      image.release();
    }
  }

  /** Counts an image without detections as dropped, and releases it. */
  dropUnmatched(image: ReceivedImage, cause: UnmatchedCause): void {
    const outcome = this.classifier.refuse(image.frame, cause === 'closed' ? 'closed' : 'unmatched');
    try {
      this.#publish(outcome, true);
    } finally {
      image.release();
    }
  }

  /** Counts a message that is not a valid image as dropped. */
  refuse(topic: string, reason: EffvitError, request?: FrameRequest): void {
    const header = { stamp: { sec: 0, nanosec: 0 }, frameId: '', source: topic };
    this.#deliver(this.classifier.refuse(header, 'bad_image', reason), request);
  }

  /** Counts an image that newer ones replaced as dropped, and releases it. */
  dropOutdated({ frame, release }: ReceivedImage): void {
    this.#deliver(this.classifier.refuse(frame, 'queue_full'), undefined);
    release();
  }

  /** Applies changed parameters to the running pipeline. @throws EffvitError why not; then nothing has changed. */
  async apply(values: NodeParameterValues, changed: ReadonlySet<NodeParameterName>): Promise<void> {
    const { classifier } = this;
    const options = classifierOptionsOf(values);
    const isSwapped = changed.has('model') || changed.has('backend');
    // May throw, so it comes before any change.
    this.#publishers.offerSmoothed(values);
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
      if (isSwapped) this.#publishers.publishModel(classifier, values, this.#databaseVersion);
      else if (changed.has('score_threshold')) this.#publishers.publishLabels(classifier, values);
    });
  }

  /** The subscribers by topic. */
  subscribers(): ReadonlyMap<string, OtherEndpoints> {
    return this.#publishers.subscribers();
  }

  /** Finishes the frames in flight, then frees everything. */
  async close(): Promise<void> {
    await runAllSteps([
      () => this.reports.close(),
      () => this.classifier.close(),
      () => {
        this.#isClosed = true;
      },
      () => this.#publishers.destroy(),
    ]);
  }

  #deliver(outcome: ClassifyOutcome, request: FrameRequest | undefined): void {
    try {
      this.#publish(outcome, request?.isPublished ?? true);
    } finally {
      request?.onOutcome({ outcome, report: this.#publishers.report(outcome, this.classifier) });
    }
  }

  /** For example of the middleware: the message is lost, but the node continues. */
  #onFault(image: ReceivedImage, thrown: unknown): void {
    this.#options.node.getLogger().error(`${image.frame.source}: ${asEffvitError(thrown).message}`);
  }

  #draw(frame: ImageFrame, outcome: ClassifyOutcome | ClassifyRegionsOutcome): Promise<void> | undefined {
    if (this.#isClosed) return undefined;
    return this.#publishers.offerDebugImage(frame, outcome, this.classifier, this.#options.parameters());
  }

  #publish(outcome: ClassifyOutcome, isPublished: boolean): void {
    if (this.#isClosed) return;
    const { onPicture, parameters } = this.#options;
    if (outcome.kind === 'result' && outcome.picture !== undefined) {
      onPicture(outcome.header.source, outcome.picture);
    }
    this.#tellFailure(outcome);
    if (isPublished) this.#publishers.publishResult(outcome, this.classifier, parameters());
    this.#publishers.publishReport(outcome, this.classifier);
  }

  /** Reports the error of a dropped frame, or of its first failed region. */
  #tellFailure(outcome: ClassifyOutcome | ClassifyRegionsOutcome): void {
    const { source } = outcome.header;
    if (outcome.kind === 'dropped') this.#options.live.dropped(source, outcome.cause);
    const failures = outcome.kind === 'regions' ? outcome.regions : [outcome];
    for (const failure of failures) {
      if (!('error' in failure) || failure.error === undefined) continue;
      const { message } = failure.error;
      if (failure.cause === 'bad_image') this.#options.onBadImage(source, message);
      else {
        this.reports.frameFailed(message);
        this.#options.node.getLogger().error(`${source}: ${message}`);
      }
      return;
    }
  }
}
