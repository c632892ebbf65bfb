import type { ClassifierOptions } from '../classify/classifierOptions.js';
import { type DetectorEvents, DetectorPairings } from '../classify/DetectorPairings.js';
import { runAllStepsNow } from '../core/runAllSteps.js';
import {
  DETECTIONS_TYPE,
  type DetectionsMessage,
  parseDetectionsCdr,
} from '../messages/detectionsMessage.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { ReceivedImage } from './images/MessageSamples.js';
import { callbackGuard, guardedSubscription } from './rcl/CallbackGuard.js';
import { keepLastQos, type RclModule, type RclNode } from './rcl/rcl.js';
import { withQosOverrides } from './rcl/withQosOverrides.js';

const DEPTH = 10;
/** How often waiting images and detections are checked for their time limit. */
const LOOK_PERIOD_MS = 25;

export type DetectionEvents = Omit<DetectorEvents<ReceivedImage, DetectionsMessage>, 'warn'>;

/** The subscriptions to detectors and the frames that wait for their boxes. Exists while the node is active. */
export class DetectionSubscriptions {
  readonly pairings: DetectorPairings<ReceivedImage, DetectionsMessage>;
  readonly #node: RclNode;
  readonly #subscriptions: object[] = [];
  readonly #timer: NodeJS.Timeout;

  /**
   * @param detectorOf the detector's topic of each camera that has one, by the camera's name in frames.
   * @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE; then nothing is subscribed.
   */
  constructor(
    rcl: RclModule,
    node: RclNode,
    detectorOf: ReadonlyMap<string, string>,
    options: ClassifierOptions,
    events: DetectionEvents,
  ) {
    this.#node = node;
    this.pairings = new DetectorPairings(detectorOf, options, {
      ...events,
      warn: (text) => node.getLogger().warn(text),
    });
    try {
      for (const topic of this.pairings.topics) this.#subscribe(rcl, topic);
    } catch (error) {
      this.#unsubscribe();
      throw error;
    }
    const look = 'the look at frames that wait for their detections';
    this.#timer = callbackGuard(node).every(LOOK_PERIOD_MS, look, () => this.pairings.expire(monotonicNs()));
  }

  /** The subscribed topics, for people. */
  get description(): string {
    return this.pairings.topics.join(', ');
  }

  /** Holds an image until its detections arrive. @returns false for a camera without a detector. */
  hold(image: ReceivedImage): boolean {
    return this.pairings.hold(image, monotonicNs());
  }

  /** Releases the waiting images. */
  destroy(): void {
    clearInterval(this.#timer);
    runAllStepsNow([() => this.#unsubscribe(), () => this.pairings.close()]);
  }

  #subscribe(rcl: RclModule, topic: string): void {
    const node = this.#node;
    const qos = keepLastQos(rcl, DEPTH, 'bestEffort');
    const take = (data: Uint8Array): void =>
      this.pairings.detected(topic, () => parseDetectionsCdr(data, topic), monotonicNs());
    const subscription = withQosOverrides(rcl, node.resolveTopicName(topic), qos, (given) =>
      guardedSubscription(node, DETECTIONS_TYPE, topic, { ...given, isRaw: true }, take),
    );
    this.#subscriptions.push(subscription);
  }

  #unsubscribe(): void {
    for (const subscription of this.#subscriptions.splice(0)) this.#node.destroySubscription(subscription);
  }
}
