import { parseCompressedImageCdr } from '../image/cdr/parseCompressedImageCdr.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { type CameraInput, COMPRESSED_IMAGE_TYPE } from './images/cameraInput.js';
import type { MessageSamples } from './images/MessageSamples.js';
import type { ReceivedImage, TakenMessage } from './images/ReceivedImage.js';
import { releaseSample } from './images/releaseSample.js';
import { SequenceGaps } from './images/SequenceGaps.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import { OVERRIDABLE_POLICIES, QOS, type RclModule, type RclNode } from './rcl/rcl.js';
import { withQosOverrides } from './rcl/withQosOverrides.js';
import { type OtherEndpoints, type OwnEndpoint, publishersOf } from './reports/otherEndpoints.js';

/** Frames that wait in the middleware: the newest matters, a short burst may be late. */
const DEPTH = 5;

/** `topic` is the camera's name, as its frames carry it. */
export interface CameraEvents {
  readonly onImage: (image: ReceivedImage) => void;
  /** A message that is no image. */
  readonly onProblem: (topic: string, error: unknown) => void;
  /** Messages that the camera sent and that did not arrive. */
  readonly onMissing: (topic: string, count: number) => void;
}

export interface CameraSubscriptionOptions {
  readonly rcl: RclModule;
  readonly node: RclNode;
  /** The camera's name. */
  readonly camera: string;
  /** What is listened to; its topic as the graph has it. */
  readonly input: CameraInput;
  /** The name that is subscribed to, before remapping. */
  readonly topicName: string;
  readonly events: CameraEvents;
  /** The structures for messages of the type. */
  readonly samplesOf: (type: string) => MessageSamples;
}

/**
 * The subscription to one camera in one form. The pixels stay in the one buffer that the middleware copied them to, and
 * frames are views of it: see {@link MessageSamples}; compressed images, which are small, are read in their CDR.
 */
export class CameraSubscription {
  readonly #options: CameraSubscriptionOptions;
  readonly #own: OwnEndpoint;
  readonly #subscription: object;
  #lastMessageNs = monotonicNs();

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE */
  constructor(options: CameraSubscriptionOptions) {
    this.#options = options;
    const { rcl, input } = options;
    const qos = new rcl.QoS(QOS.keepLast, DEPTH, QOS.bestEffort, QOS.volatile);
    this.#own = { type: input.type, qos };
    const subscription = { qos, qosOverridingOptions: new rcl.QoSOverridingOptions(OVERRIDABLE_POLICIES) };
    this.#subscription = withQosOverrides(input.topic, () =>
      input.type === COMPRESSED_IMAGE_TYPE
        ? this.#subscribeToCompressed(subscription)
        : this.#subscribeToSamples(subscription),
    );
  }

  /** Since the last message, or since the subscription. */
  get silentNs(): number {
    return monotonicNs() - this.#lastMessageNs;
  }

  /** Who publishes the topic, and whether all of them can be heard. */
  publishers(): OtherEndpoints {
    const { node, input } = this.#options;
    return publishersOf(node, input.topic, this.#own);
  }

  destroy(): void {
    this.#options.node.destroySubscription(this.#subscription);
  }

  #subscribeToSamples(subscription: object): object {
    const { node, camera, input, topicName, events, samplesOf } = this.#options;
    const gaps = new SequenceGaps();
    const type = samplesOf(input.type).messageClass(camera);
    const guard = callbackGuard(node);
    return node.createSubscription<TakenMessage>(type, topicName, subscription, (taken, info) => {
      this.#lastMessageNs = monotonicNs();
      guard.run(`the subscription to ${input.topic}`, () => {
        const missing = gaps.missingBefore(info);
        if (missing > 0) events.onMissing(camera, missing);
        if ('error' in taken) events.onProblem(camera, taken.error);
        else events.onImage(taken);
      });
    });
  }

  #subscribeToCompressed(subscription: object): object {
    const { node, camera, input, topicName, events } = this.#options;
    const guard = callbackGuard(node);
    const options = { ...subscription, isRaw: true };
    // Without `info`: rclnodejs tells none of messages that it gives as they came.
    return node.createSubscription(COMPRESSED_IMAGE_TYPE, topicName, options, (data) => {
      this.#lastMessageNs = monotonicNs();
      guard.run(`the subscription to ${input.topic}`, () => {
        let image: ReceivedImage;
        try {
          image = { frame: parseCompressedImageCdr(data, camera), release: () => releaseSample(data) };
        } catch (error) {
          events.onProblem(camera, error);
          return;
        }
        events.onImage(image);
      });
    });
  }
}
