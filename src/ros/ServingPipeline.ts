import { Classifier, type ClassifierModel, type ClassifyOutcome } from '../classify/Classifier.js';
import type { ClassifierOptions } from '../classify/classifierOptions.js';
import type { UnmatchedCause } from '../classify/DetectionPairing.js';
import type { ClassifyRegionsOutcome } from '../classify/RegionResult.js';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { runAllSteps } from '../core/runAllSteps.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { type DetectionsMessage, regionBoxOf } from '../messages/detectionsMessage.js';
import type { FrameReportMessage } from '../messages/frameReportMessage.js';
import type { PictureCondition } from '../pool/FrameOutcome.js';
import type { UnmatchedView } from './DetectionSubscriptions.js';
import type { ReceivedImage } from './images/ReceivedImage.js';
import { readerDepth } from './images/readerDepth.js';
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

const UNLIMITED = { isUnlimited: true } as const;

export interface ServingPipelineOptions {
  readonly rcl: RclModule;
  readonly node: RclNode;
  readonly clock: NodeClock;
  /** Finds and prepares the model that the options name. */
  readonly loadModel: (options: ClassifierOptions) => Promise<ClassifierModel>;
  /** The node's, as they are now. */
  readonly parameters: () => NodeParameterValues;
  readonly machineMonitor: MachineMonitor;
  /** Of vision_info: another for every model that comes to serve. */
  readonly nextDatabaseVersion: () => number;
  /** An image of this topic that is none, or cannot be read. */
  readonly onBadImage: (topic: string, reason: string) => void;
  /** What of frames and detections did not meet; undefined where whole frames are classified. */
  readonly unmatched: () => UnmatchedView | undefined;
  /** How the picture of a frame looks, where that is asked for. */
  readonly onPicture: (topic: string, picture: PictureCondition) => void;
  /** A managed node is silent on its topics unless it is active. */
  readonly isActive: () => boolean;
  readonly isPaused: () => boolean;
  readonly live: LiveView;
  /** Gives the loading up. */
  readonly signal?: AbortSignal | undefined;
}

/** A frame that somebody waits for. */
export interface FrameRequest {
  /** False: its result goes to who asked alone, the rate limit aside; its report goes to ~/frames as every frame's. */
  readonly isPublished: boolean;
  /** Called once, when the frame's outcome is out. */
  readonly onOutcome: (outcome: ClassifyOutcome, report: FrameReportMessage) => void;
}

/** From images to what is published of them: what exists only while the node is configured. */
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
   * Loads the model and tells of it.
   *
   * @throws EffvitError as {@link Classifier.start}, BAD_CONFIG for a QoS override; nothing is left running.
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

  /** Tells which model and which labels the results are of; when the node becomes active. */
  announce(): void {
    this.#publishers.publishModel(this.classifier, this.#options.parameters(), this.#databaseVersion);
  }

  /** Frames of each camera that may wait in the middleware. */
  get readerDepth(): number {
    const { dropPolicy } = this.classifier.options;
    const { image_topics } = this.#options.parameters();
    return readerDepth(dropPolicy, this.classifier.queueSize, image_topics.length);
  }

  /**
   * Classifies an image, publishes what came of it, and gives its memory back. Never rejects.
   *
   * @param waitedNs how long it lay in the middleware.
   */
  async classify(image: ReceivedImage, request?: FrameRequest, waitedNs = 0): Promise<void> {
    const { frame } = image;
    const isPublished = request?.isPublished ?? true;
    await this.#withImage(image, async () => {
      const options = isPublished ? { waitedNs } : { ...UNLIMITED, waitedNs };
      const outcome = await this.classifier.classify(frame, options);
      this.#deliver(outcome, request);
      if (this.#isClosed) return;
      const shown = this.#options.live.offer(frame, outcome, () =>
        this.#publishers.report(outcome, this.classifier),
      );
      if (shown !== undefined) await shown;
      if (isPublished) await this.#draw(frame, outcome);
    });
  }

  /** The same of the boxes that a detector found in it. */
  async classifyRegions(image: ReceivedImage, detections: DetectionsMessage): Promise<void> {
    const { frame } = image;
    const boxes = detections.detections.map(({ bbox }) => regionBoxOf(bbox));
    await this.#withImage(image, async () => {
      const outcome = await this.classifier.classifyRegions(frame, boxes);
      if (this.#isClosed) return;
      this.#tellFailure(outcome);
      const ids = detections.detections.map(({ id }) => id);
      this.#publishers.publishRegions(outcome, detections, this.classifier, this.#options.parameters());
      this.#publishers.publishReport(outcome, this.classifier, ids);
      if (outcome.kind === 'dropped') this.#options.live.dropped(outcome.header.source, outcome.cause);
      const shown = this.#options.live.offer(frame, outcome, () =>
        this.#publishers.report(outcome, this.classifier, ids),
      );
      if (shown !== undefined) await shown;
      await this.#draw(frame, outcome);
    });
  }

  /** Accounts for an image that the detector told nothing of, and gives its memory back. */
  dropUnmatched(image: ReceivedImage, cause: UnmatchedCause): void {
    const outcome = this.classifier.refuse(image.frame, cause === 'closed' ? 'closed' : 'unmatched');
    try {
      this.#publish(outcome, true);
    } finally {
      image.release();
    }
  }

  /** Accounts for a message of a topic that is no image. */
  refuse(topic: string, reason: EffvitError, request?: FrameRequest): void {
    const header = { stamp: { sec: 0, nanosec: 0 }, frameId: '', source: topic };
    this.#deliver(this.classifier.refuse(header, 'bad_image', reason), request);
  }

  /** Accounts for an image in whose place newer ones wait, and gives its memory back. */
  dropOutdated({ frame, release }: ReceivedImage): void {
    this.#deliver(this.classifier.refuse(frame, 'queue_full'), undefined);
    release();
  }

  /** Takes changed parameters into what runs. @throws EffvitError why they cannot be taken; nothing has changed then. */
  async apply(values: NodeParameterValues, changed: ReadonlySet<NodeParameterName>): Promise<void> {
    const { classifier } = this;
    const options = classifierOptionsOf(values);
    const isSwapped = changed.has('model') || changed.has('backend');
    // Refused before anything has changed.
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
    // A cleanup may have come meanwhile.
    if (this.#isClosed) return;
    if (isSwapped) this.#databaseVersion = this.#options.nextDatabaseVersion();
    if (!this.#options.isActive()) return;
    // The change is made: what cannot be told of it does not take it back.
    callbackGuard(this.#options.node).run('publishing the labels', () => {
      if (isSwapped) this.#publishers.publishModel(classifier, values, this.#databaseVersion);
      else if (changed.has('score_threshold')) this.#publishers.publishLabels(classifier, values);
    });
  }

  /** Who subscribes to what is published, by topic. */
  subscribers(): ReadonlyMap<string, OtherEndpoints> {
    return this.#publishers.subscribers();
  }

  /** Finishes what it has, then frees everything. */
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
      request?.onOutcome(outcome, this.#publishers.report(outcome, this.classifier));
    }
  }

  async #withImage(image: ReceivedImage, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      // A fault of the middleware, say: it costs what was to be published, not the node.
      this.#options.node.getLogger().error(`${image.frame.source}: ${asEffvitError(thrown).message}`);
    } finally {
      image.release();
    }
  }

  async #draw(frame: ImageFrame, outcome: ClassifyOutcome | ClassifyRegionsOutcome): Promise<void> {
    if (this.#isClosed) return;
    const { parameters } = this.#options;
    const drawn = this.#publishers.offerDebugImage(frame, outcome, this.classifier, parameters());
    if (drawn !== undefined) await drawn;
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

  /** Of a frame that was dropped, or of the first of its regions that failed. */
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
