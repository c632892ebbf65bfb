import { CameraTurns, TAKES_ALL } from '../classify/CameraTurns.js';
import type { ClassifierOptions } from '../classify/classifierOptions.js';
import type { UnmatchedView } from '../classify/DetectorPairings.js';
import { detectionTopics, hasDetections } from '../classify/detectionTopics.js';
import { BURST_DEPTH } from '../classify/readerDepth.js';
import { SharedFrameIds } from '../classify/SharedFrameIds.js';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { runAllStepsNow } from '../core/runAllSteps.js';
import type { PictureCondition } from '../pool/FrameOutcome.js';
import type { CameraEvents } from './CameraSubscription.js';
import { CameraSubscriptions } from './CameraSubscriptions.js';
import { DetectionSubscriptions } from './DetectionSubscriptions.js';
import { FrameRequests, type RequestedPart } from './FrameRequests.js';
import { cameraTopic } from './images/cameraInput.js';
import type { ReceivedImage } from './images/ReceivedImage.js';
import type { NodeParameterValues } from './parameters/parameterTable.js';
import type { RclModule, RclNode } from './rcl/rcl.js';
import { CameraMeters } from './reports/CameraMeters.js';
import type { CameraState } from './reports/cameraStatus.js';
import type { FrameRequest, ServingPipeline } from './ServingPipeline.js';

export interface CameraFeedOptions {
  readonly rcl: RclModule;
  readonly node: RclNode;
  /** The node's clock; undefined while simulated time is 0. */
  readonly nowNs: () => bigint | undefined;
  readonly parameters: NodeParameterValues;
  readonly pipeline: Pick<
    ServingPipeline,
    | 'classify'
    | 'classifyRegions'
    | 'dropUnmatched'
    | 'refuse'
    | 'reports'
    | 'classifier'
    | 'dropOutdated'
    | 'readerDepth'
  >;
}

/** A camera's name in the parameter, and its name in frames: the fully qualified topic. */
export interface NamedCamera {
  readonly name: string;
  readonly topic: string;
}

/** Subscriptions to a camera for one frame, with those to its detector if its boxes are wanted. */
interface SingleFrame {
  readonly cameras: CameraSubscriptions;
  detections: DetectionSubscriptions | undefined;
}

/**
 * Passes frames from the cameras to the pipeline while the node is active. While paused it has no subscriptions: no
 * frames have to be counted, and a camera that checks for subscribers may stop.
 */
export class CameraFeed {
  readonly cameras: readonly NamedCamera[];
  readonly #options: CameraFeedOptions;
  readonly #turns: CameraTurns;
  readonly #meters: CameraMeters;
  readonly #sharedFrameIds = new SharedFrameIds();
  /** Remedy for cameras that send the same frame_id; undefined if each camera's results have their own topic. */
  readonly #frameIdRemedy: string | undefined;
  readonly #requests = new FrameRequests();
  /** Set if the boxes of detectors are classified. */
  #detections: DetectionSubscriptions | undefined;
  /** Undefined while paused. */
  #subscriptions: CameraSubscriptions | undefined;
  /** For cameras whose frames somebody waits for while paused, by topic. */
  readonly #single = new Map<string, SingleFrame>();
  #isDestroyed = false;

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE; then nothing is subscribed. */
  constructor(options: CameraFeedOptions) {
    this.#options = options;
    const { node, parameters, pipeline } = options;
    // With detectors every frame is taken, because frames wait here for their detections.
    this.#turns = new CameraTurns(hasDetections(parameters) ? TAKES_ALL : pipeline.classifier);
    this.cameras = parameters.image_topics.map((name) => ({
      name,
      topic: cameraTopic(name, parameters.image_transport, (relative) => node.resolveTopicName(relative)),
    }));
    this.#frameIdRemedy = parameters.classification_per_camera
      ? undefined
      : 'set the parameter classification_per_camera, or take the camera from ~/frames';
    this.#meters = new CameraMeters(this.cameras.map(({ topic }) => topic));
    if (parameters.enabled) this.#listen();
  }

  get isPaused(): boolean {
    return this.#subscriptions === undefined;
  }

  /** The subscribed topics, for people. */
  get description(): string {
    const cameras =
      this.#subscriptions?.description ?? 'no camera: paused until ~/enable is called with true';
    const detections = this.#detections;
    return detections === undefined
      ? cameras
      : `${cameras}; the boxes on ${detections.description} are classified`;
  }

  /** Counts of unmatched frames and detections; undefined if whole frames are classified. */
  unmatched(): UnmatchedView | undefined {
    return this.#detections?.unmatched();
  }

  /** Applies changed options of the classifier. */
  setOptions(options: ClassifierOptions): void {
    this.#detections?.setOptions(options);
  }

  /** Subscribes to all cameras, or to none. @throws EffvitError as the constructor; then it stays paused. */
  setPaused(isPaused: boolean): void {
    if (this.#isDestroyed || isPaused === this.isPaused) return;
    if (isPaused) {
      this.#subscriptions?.destroy();
      this.#subscriptions = undefined;
      // Its boxes would never be matched with frames.
      this.#detections?.destroy();
      this.#detections = undefined;
      for (const topic of this.#requests.topics) this.#listenOnce(topic);
    } else {
      this.#listen();
      this.#meters.rest();
      for (const topic of this.#single.keys()) this.#endSingle(topic);
    }
  }

  /**
   * Reports the outcome of the next frame of a camera. While paused the frame is received only for this purpose and its
   * result is not published.
   *
   * @param topic of {@link cameras}.
   * @param onOutcome called once, when the frame's outcome is known.
   * @returns function that stops waiting.
   * @throws EffvitError as the constructor; BAD_ARGUMENT: the camera has no detector.
   */
  nextOutcome(topic: string, part: RequestedPart, onOutcome: FrameRequest['onOutcome']): () => void {
    if (part === 'detector' && this.#detectorOf(topic) === undefined) {
      throw new EffvitError(
        'BAD_ARGUMENT',
        `${topic} has no detector: name its topic in detections_topics, or give the boxes.`,
        { context: { topic } },
      );
    }
    const withdraw = this.#requests.add(topic, part, onOutcome);
    const giveUp = (): void => {
      withdraw();
      this.#endSingle(topic);
    };
    try {
      if (this.isPaused) this.#listenOnce(topic);
    } catch (error) {
      giveUp();
      throw error;
    }
    return giveUp;
  }

  /** Adapts the readers' depth to changed options. */
  fitReaders(): void {
    this.#subscriptions?.setDepth(this.#readerDepth);
  }

  picture(topic: string, condition: PictureCondition): void {
    this.#meters.of(topic)?.picture(condition);
  }

  problem(topic: string, reason: string): void {
    this.#meters.of(topic)?.problem(reason);
  }

  resetMeters(): void {
    this.#meters.reset();
    this.#detections?.resetCounts();
  }

  publisherCount(topic: string): number {
    const { node } = this.#options;
    return this.#subscriptions?.publishers(topic).count ?? node.getPublishersInfoByTopic(topic).length;
  }

  states(): CameraState[] {
    return this.#meters.states(
      (topic) =>
        this.#subscriptions?.publishers(topic) ?? {
          count: this.publisherCount(topic),
          mismatch: undefined,
          wrongType: undefined,
        },
    );
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#requests.clear();
    const singles = [...this.#single.values()];
    this.#single.clear();
    runAllStepsNow([
      () => this.#subscriptions?.destroy(),
      () => this.#detections?.destroy(),
      ...singles.map((single) => () => destroySingle(single)),
    ]);
  }

  #detectorOf(topic: string): string | undefined {
    const index = this.cameras.findIndex((camera) => camera.topic === topic);
    return detectionTopics(this.#options.parameters)[index];
  }

  get #readerDepth(): number {
    const { parameters, pipeline } = this.#options;
    return hasDetections(parameters) ? BURST_DEPTH : pipeline.readerDepth;
  }

  #subscribe(topics = this.#options.parameters.image_topics, isPublished = true): CameraSubscriptions {
    const { rcl, node, parameters, pipeline } = this.#options;
    const events: CameraEvents = {
      onImage: (image, waitedNs) => {
        const { source } = image.frame;
        const request = this.#takeRequest(source, isPublished);
        if (request === undefined && !isPublished) {
          if (this.#single.get(source)?.detections?.hold(image) !== true) image.release();
          return;
        }
        this.#look(image);
        if (request === undefined && this.#detections?.hold(image) === true) return;
        if (request?.detections === undefined) void pipeline.classify(image, request, waitedNs);
        else void pipeline.classifyRegions(image, request.detections, request);
      },
      onOutdated: (image) => {
        this.#look(image);
        pipeline.dropOutdated(image);
      },
      onProblem: (topic, thrown) => {
        const request = this.#takeRequest(topic, isPublished);
        if (request === undefined && !isPublished) return;
        this.#meters.of(topic)?.count('received');
        pipeline.refuse(topic, asEffvitError(thrown, 'BAD_IMAGE'), request);
      },
      onMissing: (topic, count) => {
        pipeline.reports.framesMissing(count);
        this.#meters.of(topic)?.count('missing', count);
      },
      onSuperseded: (topic, count) => {
        pipeline.reports.framesSuperseded(count);
        this.#meters.of(topic)?.count('superseded', count);
      },
    };
    return new CameraSubscriptions({
      rcl,
      node,
      parameters: { ...parameters, image_topics: topics },
      events,
      turns: this.#turns,
      depth: this.#readerDepth,
    });
  }

  /** Subscribes to detectors and cameras. @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE; then to none of them. */
  #listen(): void {
    const detections = this.#listenToDetectors();
    this.#detections = detections;
    try {
      this.#subscriptions = this.#subscribe();
    } catch (error) {
      this.#detections = undefined;
      detections?.destroy();
      throw error;
    }
  }

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE */
  #listenToDetectors(): DetectionSubscriptions | undefined {
    const { rcl, node, parameters, pipeline } = this.#options;
    if (!hasDetections(parameters)) return undefined;
    const topics = this.cameras.map(({ topic }) => topic);
    const { options } = pipeline.classifier;
    return new DetectionSubscriptions(rcl, node, parameters, topics, options, {
      onMatch: (image, detections) => {
        const request = this.#requests.takeDetected(image.frame.source, true);
        void pipeline.classifyRegions(image, detections, request);
      },
      onUnmatched: (image, cause) => pipeline.dropUnmatched(image, cause),
    });
  }

  /** While paused: subscribes to the detector of one camera, for one frame. Its other frames are not counted. */
  #listenToDetectorOnce(topic: string): DetectionSubscriptions {
    const { rcl, node, parameters, pipeline } = this.#options;
    const topics = this.cameras.map((camera) => (camera.topic === topic ? topic : undefined));
    const { options } = pipeline.classifier;
    return new DetectionSubscriptions(rcl, node, parameters, topics, options, {
      onMatch: (image, detections) => {
        const request = this.#requests.takeDetected(topic, false);
        this.#endSingle(topic);
        if (request === undefined) {
          image.release();
          return;
        }
        this.#look(image);
        void pipeline.classifyRegions(image, detections, request);
      },
      onUnmatched: (image) => image.release(),
    });
  }

  #look({ frame }: ReceivedImage): void {
    const { node } = this.#options;
    const { source, stamp } = frame;
    if (this.#frameIdRemedy !== undefined) {
      const shared = this.#sharedFrameIds.check(frame, this.#frameIdRemedy);
      if (shared !== undefined) node.getLogger().warn(shared);
    }
    const meter = this.#meters.of(source);
    meter?.count('received');
    meter?.stamp(stamp, this.#options.nowNs());
  }

  #takeRequest(topic: string, isPublished: boolean): FrameRequest | undefined {
    const request = this.#requests.take(topic, isPublished);
    if (request !== undefined) this.#endSingle(topic);
    return request;
  }

  #listenOnce(topic: string): void {
    const camera = this.cameras.find((one) => one.topic === topic);
    if (camera === undefined) return;
    const single = this.#single.get(topic) ?? {
      cameras: this.#subscribe([camera.name], false),
      detections: undefined,
    };
    this.#single.set(topic, single);
    if (this.#requests.wantsDetector(topic)) single.detections ??= this.#listenToDetectorOnce(topic);
  }

  /** Unless somebody waits for a frame and the node is paused. */
  #endSingle(topic: string): void {
    const single = this.#single.get(topic);
    if (single === undefined || (this.isPaused && this.#requests.has(topic))) return;
    this.#single.delete(topic);
    // Not inside its own callback: rclnodejs is still using the subscription.
    setImmediate(() => destroySingle(single));
  }
}

function destroySingle({ cameras, detections }: SingleFrame): void {
  runAllStepsNow([() => cameras.destroy(), () => detections?.destroy()]);
}
