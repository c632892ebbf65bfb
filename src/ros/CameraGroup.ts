import type { CameraTurns } from '../classify/CameraTurns.js';
import type { UnmatchedCause, UnmatchedView } from '../classify/DetectionPairing.js';
import { hasDetections } from '../classify/detectionTopics.js';
import { BURST_DEPTH } from '../classify/livePoolOptions.js';
import { asEffvitError } from '../core/EffvitError.js';
import { runAllStepsNow } from '../core/runAllSteps.js';
import type { DetectionsMessage } from '../messages/detectionsMessage.js';
import { Camera } from './Camera.js';
import type { CameraEvents } from './CameraSubscription.js';
import { DetectionSubscriptions } from './DetectionSubscriptions.js';
import type { FrameRequest, FrameRequests } from './FrameRequests.js';
import { MessageSamples, type ReceivedImage } from './images/MessageSamples.js';
import { sampleKind } from './images/sampleKind.js';
import type { NodeParameterValues } from './parameters/parameterTable.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import type { RclModule, RclNode } from './rcl/rcl.js';
import type { CameraMeters } from './reports/CameraMeters.js';
import type { OtherEndpoints } from './reports/otherEndpoints.js';
import type { ServingPipeline } from './ServingPipeline.js';

/** How often the graph is queried for the cameras' topics. */
const LOOK_PERIOD_MS = 500;

export interface NamedCamera {
  /** As in the parameter image_topics. */
  readonly name: string;
  /** The camera's name in its frames: the fully qualified topic. */
  readonly topic: string;
  /** The topic of its detector, if the detector's boxes are classified in place of whole frames. */
  readonly detector?: string | undefined;
}

export interface CameraGroupOptions {
  readonly rcl: RclModule;
  readonly node: RclNode;
  readonly parameters: NodeParameterValues;
  readonly pipeline: ServingPipeline;
  /** Decides when frames are taken, and from which camera. */
  readonly turns: CameraTurns;
  readonly requests: FrameRequests;
  readonly meters: CameraMeters;
  /** Whether results are published; if not, frames are received only for requests, and others are not counted. */
  readonly isPublished: boolean;
  /** Called for each image that becomes a frame. */
  readonly onReceived: (image: ReceivedImage) => void;
  /** Called when a frame has come that may end the requests for the camera. */
  readonly onTaken: (topic: string) => void;
}

/** The subscriptions to some cameras and their detectors; passes their frames to the pipeline. */
export class CameraGroup {
  readonly #options: CameraGroupOptions;
  readonly #named: readonly NamedCamera[];
  readonly #cameras: Camera[] = [];
  /** The structures of each message type, shared by all cameras. */
  readonly #samples = new Map<string, MessageSamples>();
  readonly #timer: NodeJS.Timeout;
  /** Set if the boxes of detectors are classified. */
  #detections: DetectionSubscriptions | undefined;

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE; then nothing is subscribed. */
  constructor(options: CameraGroupOptions, cameras: readonly NamedCamera[]) {
    this.#options = options;
    this.#named = cameras;
    const { rcl, node, parameters, turns } = options;
    const common = {
      rcl,
      node,
      turns,
      transport: parameters.image_transport,
      depth: this.#readerDepth,
      events: this.#events(),
      samplesOf: (type: string) => this.#samplesOf(type),
    };
    const guard = callbackGuard(node);
    this.#timer = setInterval(() => {
      for (const camera of this.#cameras) guard.run(`the check of ${camera.topic}`, () => camera.update());
    }, LOOK_PERIOD_MS);
    try {
      if (options.isPublished) this.listenToDetectors();
      for (const named of cameras) this.#cameras.push(new Camera({ ...common, ...named }));
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** The subscribed topics, for people. */
  get description(): string {
    const cameras = this.#cameras.map(({ description }) => description).join(', ');
    const detections = this.#detections?.description;
    return detections === undefined ? cameras : `${cameras}; the boxes on ${detections} are classified`;
  }

  /** Counts of unmatched frames and detections; undefined if whole frames are classified. */
  unmatched(): UnmatchedView | undefined {
    return this.#detections?.pairings.unmatched();
  }

  resetCounts(): void {
    this.#detections?.pairings.resetCounts();
  }

  /** Adapts to changed options of the classifier. */
  adoptOptions(): void {
    this.#detections?.pairings.setOptions(this.#options.pipeline.classifier.options);
    for (const camera of this.#cameras) camera.setDepth(this.#readerDepth);
  }

  /** The publishers of a camera's topic, and whether all of them match the subscription. */
  publishers(topic: string): OtherEndpoints {
    return this.#cameras.find((camera) => camera.topic === topic)?.publishers() ?? { count: 0 };
  }

  /** Subscribes to the detectors of the cameras that have one. @throws EffvitError BAD_CONFIG */
  listenToDetectors(): void {
    const { rcl, node, pipeline } = this.#options;
    const detectorOf = new Map<string, string>();
    for (const { topic, detector } of this.#named) if (detector) detectorOf.set(topic, detector);
    if (detectorOf.size === 0) return;
    this.#detections ??= new DetectionSubscriptions(rcl, node, detectorOf, pipeline.classifier.options, {
      onMatch: (image, detections) => this.#classifyDetected(image, detections),
      onUnmatched: (image, cause) => this.#dropUnmatched(image, cause),
    });
  }

  destroy(): void {
    clearInterval(this.#timer);
    runAllStepsNow([
      ...this.#cameras.map((camera) => () => camera.destroy()),
      ...[...this.#samples.values()].map((samples) => () => samples.close()),
      () => this.#detections?.destroy(),
    ]);
  }

  #events(): CameraEvents {
    const { pipeline, meters, onReceived } = this.#options;
    return {
      onImage: (image, waitedNs) => this.#classify(image, waitedNs),
      onOutdated: (image) => {
        onReceived(image);
        pipeline.drop(image, 'queue_full');
      },
      onProblem: (topic, thrown) => this.#refuse(topic, thrown),
      onLost: (topic, kind, count) => {
        pipeline.reports.framesLost(kind, count);
        meters.of(topic)?.count(kind, count);
      },
    };
  }

  #samplesOf(type: string): MessageSamples {
    const samples = this.#samples.get(type) ?? new MessageSamples(sampleKind(type));
    this.#samples.set(type, samples);
    return samples;
  }

  get #readerDepth(): number {
    const { parameters, pipeline } = this.#options;
    return hasDetections(parameters) ? BURST_DEPTH : pipeline.classifier.readerDepth;
  }

  #classify(image: ReceivedImage, waitedNs: number): void {
    const { pipeline, isPublished, onReceived } = this.#options;
    const request = this.#takeRequest(image.frame.source);
    if (isPublished || request !== undefined) onReceived(image);
    if (request === undefined) {
      if (this.#detections?.hold(image) === true) return;
      if (!isPublished) {
        image.release();
        return;
      }
    }
    void pipeline.classify(image, waitedNs, request);
  }

  #classifyDetected(image: ReceivedImage, detections: DetectionsMessage): void {
    const { pipeline, requests, isPublished, onReceived, onTaken } = this.#options;
    const { source } = image.frame;
    const request = requests.takeDetected(source, isPublished);
    onTaken(source);
    if (!isPublished) {
      if (request === undefined) {
        image.release();
        return;
      }
      onReceived(image);
    }
    void pipeline.classify(image, 0, request, detections);
  }

  #dropUnmatched(image: ReceivedImage, cause: UnmatchedCause): void {
    const { pipeline, isPublished } = this.#options;
    if (isPublished) pipeline.drop(image, cause === 'closed' ? 'closed' : 'unmatched');
    else image.release();
  }

  #refuse(topic: string, thrown: unknown): void {
    const { pipeline, meters, isPublished } = this.#options;
    const request = this.#takeRequest(topic);
    if (request === undefined && !isPublished) return;
    meters.of(topic)?.count('received');
    pipeline.refuse(topic, asEffvitError(thrown, 'BAD_IMAGE'), request);
  }

  #takeRequest(topic: string): FrameRequest | undefined {
    const { requests, isPublished, onTaken } = this.#options;
    const request = requests.take(topic, isPublished);
    if (request !== undefined) onTaken(topic);
    return request;
  }
}
