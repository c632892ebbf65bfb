import type { ClassifierOptions } from '../classify/classifierOptions.js';
import {
  DetectionPairing,
  pairingLimits,
  UNMATCHED_CAUSES,
  type UnmatchedCause,
  type UnmatchedCounts,
} from '../classify/DetectionPairing.js';
import { asEffvitError } from '../core/EffvitError.js';
import { runAllStepsNow } from '../core/runAllSteps.js';
import { DETECTIONS_TYPE, type DetectionsMessage } from '../messages/detectionsMessage.js';
import { parseDetectionsCdr } from '../messages/parseDetectionsCdr.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { detectionTopics } from './detectionTopics.js';
import type { ReceivedImage } from './images/ReceivedImage.js';
import type { NodeParameterValues } from './parameters/parameterTable.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import { OVERRIDABLE_POLICIES, QOS, type RclModule, type RclNode } from './rcl/rcl.js';
import { withQosOverrides } from './rcl/withQosOverrides.js';

const DEPTH = 10;
/** How often waiting images and detections are checked for their time limit. */
const LOOK_PERIOD_MS = 25;

export interface DetectionEvents {
  /** An image and its detections. */
  readonly onMatch: (image: ReceivedImage, detections: DetectionsMessage) => void;
  /** An image without detections from the detector. */
  readonly onUnmatched: (image: ReceivedImage, cause: UnmatchedCause) => void;
}

/** Counts by cause, over all detectors. */
export interface UnmatchedView {
  readonly frames: UnmatchedCounts;
  readonly detections: UnmatchedCounts;
}

const CAUSES_TOLD: Readonly<Partial<Record<UnmatchedCause, string>>> = {
  waited_too_long:
    'none of its stamp came in time: see that the detector runs on the same images and keeps their stamps, or raise detections_wait_ms or detections_slop_ms',
  buffer_full:
    'too many frames wait for theirs: the detector is slower than detections_buffer frames, so raise that, or lower the rate of the camera',
};

type Pairing = DetectionPairing<ReceivedImage, DetectionsMessage>;

/** The subscriptions to detectors and the frames that wait for their boxes. Exists while the node is active. */
export class DetectionSubscriptions {
  readonly #node: RclNode;
  readonly #pairings = new Map<string, Pairing>();
  /** By camera. */
  readonly #pairingOf = new Map<string, Pairing>();
  readonly #subscriptions: object[] = [];
  readonly #told = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  /**
   * @param cameras their names in frames, in the order of `image_topics`.
   * @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE; then nothing is subscribed.
   */
  constructor(
    rcl: RclModule,
    node: RclNode,
    parameters: NodeParameterValues,
    cameras: readonly string[],
    options: ClassifierOptions,
    events: DetectionEvents,
  ) {
    this.#node = node;
    const limits = pairingLimits(options);
    try {
      for (const [index, topic] of detectionTopics(parameters).entries()) {
        const camera = cameras[index];
        if (topic === undefined || camera === undefined) continue;
        let pairing = this.#pairings.get(topic);
        if (pairing === undefined) {
          pairing = new DetectionPairing(limits, {
            onMatch: events.onMatch,
            onUnmatchedFrame: (image, cause) => {
              this.#tell(image.frame.source, topic, cause);
              events.onUnmatched(image, cause);
            },
          });
          this.#subscribe(rcl, topic, pairing);
          this.#pairings.set(topic, pairing);
        }
        this.#pairingOf.set(camera, pairing);
      }
    } catch (error) {
      this.#unsubscribe();
      throw error;
    }
    this.#timer = setInterval(() => {
      callbackGuard(node).run('the look at frames that wait for their detections', () => {
        for (const pairing of this.#pairings.values()) pairing.expire(monotonicNs());
      });
    }, LOOK_PERIOD_MS);
  }

  /** The subscribed topics, for people. */
  get description(): string {
    return [...this.#pairings.keys()].join(', ');
  }

  /** Holds an image until its detections arrive. @returns false for a camera without a detector. */
  hold(image: ReceivedImage): boolean {
    const pairing = this.#pairingOf.get(image.frame.source);
    pairing?.addFrame(image, image.frame, monotonicNs());
    return pairing !== undefined;
  }

  setOptions(options: ClassifierOptions): void {
    for (const pairing of this.#pairings.values()) pairing.setLimits(pairingLimits(options));
  }

  unmatched(): UnmatchedView {
    const counts = [...this.#pairings.values()].map((pairing) => pairing.counts());
    const sum = (side: 'frames' | 'detections'): UnmatchedCounts =>
      Object.fromEntries(
        UNMATCHED_CAUSES.map((cause) => [cause, counts.reduce((total, one) => total + one[side][cause], 0)]),
      ) as UnmatchedCounts;
    return { frames: sum('frames'), detections: sum('detections') };
  }

  resetCounts(): void {
    for (const pairing of this.#pairings.values()) pairing.resetCounts();
  }

  /** Releases the waiting images. */
  destroy(): void {
    clearInterval(this.#timer);
    runAllStepsNow([
      () => this.#unsubscribe(),
      ...[...this.#pairings.values()].map((pairing) => () => pairing.close()),
    ]);
  }

  #subscribe(rcl: RclModule, topic: string, pairing: Pairing): void {
    const node = this.#node;
    const qos = new rcl.QoS(QOS.keepLast, DEPTH, QOS.bestEffort, QOS.volatile);
    const qosOverridingOptions = new rcl.QoSOverridingOptions(OVERRIDABLE_POLICIES);
    const guard = callbackGuard(node);
    const subscription = withQosOverrides(node.resolveTopicName(topic), () =>
      node.createSubscription(DETECTIONS_TYPE, topic, { qos, qosOverridingOptions, isRaw: true }, (data) => {
        guard.run(`the subscription to ${topic}`, () => {
          let detections: DetectionsMessage;
          try {
            detections = parseDetectionsCdr(data, topic);
          } catch (error) {
            pairing.countMalformed();
            this.#tellOnce(`malformed ${topic}`, asEffvitError(error).message);
            return;
          }
          const { stamp, frame_id: frameId } = detections.header;
          pairing.addDetections(detections, { stamp, frameId }, monotonicNs());
        });
      }),
    );
    this.#subscriptions.push(subscription);
  }

  #unsubscribe(): void {
    for (const subscription of this.#subscriptions.splice(0)) this.#node.destroySubscription(subscription);
  }

  /** Logs each cause once per camera. */
  #tell(camera: string, topic: string, cause: UnmatchedCause): void {
    const text = CAUSES_TOLD[cause];
    if (text === undefined) return;
    this.#tellOnce(
      `${cause} ${camera}`,
      `A frame of ${camera} is dropped as unmatched, as more may be: of the detections on ${topic} ${text}.`,
    );
  }

  #tellOnce(key: string, text: string): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#node.getLogger().warn(text);
  }
}
