import { CameraTurns, TAKES_ALL } from '../classify/CameraTurns.js';
import type { UnmatchedView } from '../classify/DetectionPairing.js';
import { detectionTopics, hasDetections } from '../classify/detectionTopics.js';
import { SharedFrameIds } from '../classify/SharedFrameIds.js';
import { EffvitError } from '../core/EffvitError.js';
import { runAllStepsNow } from '../core/runAllSteps.js';
import { CameraGroup, type CameraGroupOptions, type NamedCamera } from './CameraGroup.js';
import { type FrameRequest, FrameRequests, type RequestedPart } from './FrameRequests.js';
import { cameraTopic } from './images/cameraInput.js';
import type { ReceivedImage } from './images/MessageSamples.js';
import { CameraMeters, type CameraState } from './reports/CameraMeters.js';
import type { OtherEndpoints } from './reports/otherEndpoints.js';

export interface CameraFeedOptions
  extends Pick<CameraGroupOptions, 'rcl' | 'node' | 'parameters' | 'pipeline'> {
  /** The node's clock; undefined while simulated time is 0. */
  readonly nowNs: () => bigint | undefined;
}

const FRAME_ID_REMEDY = 'set the parameter classification_per_camera, or take the camera from ~/frames';

/**
 * Passes frames from the cameras to the pipeline while the node is active. While paused it has no subscriptions: no
 * frames have to be counted, and a camera that checks for subscribers may stop.
 */
export class CameraFeed {
  readonly cameras: readonly NamedCamera[];
  readonly meters: CameraMeters;
  readonly #options: CameraFeedOptions;
  readonly #turns: CameraTurns;
  readonly #sharedFrameIds = new SharedFrameIds();
  readonly #requests = new FrameRequests();
  /** Undefined while paused. */
  #group: CameraGroup | undefined;
  /** For cameras whose frames somebody waits for while paused, by topic. */
  readonly #single = new Map<string, CameraGroup>();
  readonly #end = new AbortController();

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE; then nothing is subscribed. */
  constructor(options: CameraFeedOptions) {
    this.#options = options;
    const { node, parameters, pipeline } = options;
    // With detectors every frame is taken, because frames wait here for their detections.
    this.#turns = new CameraTurns(hasDetections(parameters) ? TAKES_ALL : pipeline.classifier.pool);
    const detectors = detectionTopics(parameters);
    this.cameras = parameters.image_topics.map((name, index) => ({
      name,
      topic: cameraTopic(name, parameters.image_transport, (relative) => node.resolveTopicName(relative)),
      detector: detectors[index],
    }));
    this.meters = new CameraMeters(this.cameras.map(({ topic }) => topic));
    if (parameters.enabled) this.#group = this.#listen(this.cameras, true);
  }

  get isPaused(): boolean {
    return this.#group === undefined;
  }

  /** Aborted when the node is no longer active. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  /** The subscribed topics, for people. */
  get description(): string {
    return this.#group?.description ?? 'no camera: paused until ~/enable is called with true';
  }

  /** Counts of unmatched frames and detections; undefined if whole frames are classified. */
  unmatched(): UnmatchedView | undefined {
    return this.#group?.unmatched();
  }

  /** Adapts to changed options of the classifier. */
  adoptOptions(): void {
    // The change may have taken longer than the node was active.
    if (!this.ended.aborted) this.#group?.adoptOptions();
  }

  /** Subscribes to all cameras, or to none. @throws EffvitError as the constructor; then it stays paused. */
  setPaused(isPaused: boolean): void {
    if (this.ended.aborted || isPaused === this.isPaused) return;
    if (isPaused) {
      const group = this.#group;
      // First, so that the feed can listen again although a step of the end failed.
      this.#group = undefined;
      group?.destroy();
      for (const topic of this.#requests.topics) this.#listenOnce(topic);
    } else {
      this.#group = this.#listen(this.cameras, true);
      this.meters.rest();
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
    if (part === 'detector' && this.#camera(topic)?.detector === undefined) {
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

  resetCounts(): void {
    this.meters.reset();
    this.#group?.resetCounts();
  }

  publisherCount(topic: string): number {
    return this.#publishers(topic).count;
  }

  states(): CameraState[] {
    return this.meters.states((topic) => this.#publishers(topic));
  }

  destroy(): void {
    this.#end.abort();
    this.#requests.clear();
    const groups = [this.#group, ...this.#single.values()];
    this.#single.clear();
    runAllStepsNow(groups.map((group) => () => group?.destroy()));
  }

  #camera(topic: string): NamedCamera | undefined {
    return this.cameras.find((camera) => camera.topic === topic);
  }

  #publishers(topic: string): OtherEndpoints {
    const { node } = this.#options;
    return this.#group?.publishers(topic) ?? { count: node.getPublishersInfoByTopic(topic).length };
  }

  #listen(cameras: readonly NamedCamera[], isPublished: boolean): CameraGroup {
    const { rcl, node, parameters, pipeline } = this.#options;
    const options: CameraGroupOptions = {
      rcl,
      node,
      parameters,
      pipeline,
      turns: this.#turns,
      requests: this.#requests,
      meters: this.meters,
      isPublished,
      onReceived: (image) => this.#count(image),
      onTaken: (topic) => this.#endSingle(topic),
    };
    return new CameraGroup(options, cameras);
  }

  #count({ frame }: ReceivedImage): void {
    const { node, nowNs, parameters } = this.#options;
    // Otherwise each camera's results have their own topic.
    if (!parameters.classification_per_camera) {
      const shared = this.#sharedFrameIds.check(frame, FRAME_ID_REMEDY);
      if (shared !== undefined) node.getLogger().warn(shared);
    }
    const meter = this.meters.of(frame.source);
    meter?.count('received');
    meter?.stamp(frame.stamp, nowNs());
  }

  /** Subscribes to one camera while paused, and to its detector if its boxes are wanted. */
  #listenOnce(topic: string): void {
    const camera = this.#camera(topic);
    if (camera === undefined) return;
    const single = this.#single.get(topic) ?? this.#listen([camera], false);
    this.#single.set(topic, single);
    if (this.#requests.wantsDetector(topic)) single.listenToDetectors();
  }

  /** Unless somebody waits for a frame and the node is paused. */
  #endSingle(topic: string): void {
    const single = this.#single.get(topic);
    if (single === undefined || (this.isPaused && this.#requests.has(topic))) return;
    this.#single.delete(topic);
    // Not inside its own callback: rclnodejs is still using the subscription.
    setImmediate(() => single.destroy());
  }
}
