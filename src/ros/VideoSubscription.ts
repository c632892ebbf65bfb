import { monotonicNs } from '../stats/monotonicNs.js';
import { VIDEO_PARSERS } from '../video/messages/parseVideoCdr.js';
import { VideoDecoder } from '../video/VideoDecoder.js';
import type { CameraSubscriptionOptions } from './CameraSubscription.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import { OVERRIDABLE_POLICIES, QOS } from './rcl/rcl.js';
import { withQosOverrides } from './rcl/withQosOverrides.js';
import { type OtherEndpoints, type OwnEndpoint, publishersOf } from './reports/otherEndpoints.js';

/** A picture depends on earlier ones, so a burst must not displace any. */
const DEPTH = 64;

export type VideoSubscriptionOptions = Pick<
  CameraSubscriptionOptions,
  'rcl' | 'node' | 'camera' | 'input' | 'topicName' | 'events'
>;

/**
 * The subscription to one camera's video. Every message is passed to the decoder on arrival; the decoded pictures are
 * the camera's frames.
 */
export class VideoSubscription {
  readonly #options: VideoSubscriptionOptions;
  readonly #own: OwnEndpoint;
  readonly #decoder: VideoDecoder;
  readonly #subscription: object;
  #lastMessageNs = monotonicNs();

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE */
  constructor(options: VideoSubscriptionOptions) {
    this.#options = options;
    const { rcl, camera, input, events } = options;
    const qos = new rcl.QoS(QOS.keepLast, DEPTH, QOS.bestEffort, QOS.volatile);
    this.#own = { type: input.type, qos };
    this.#decoder = new VideoDecoder({
      source: camera,
      onFrame: (frame) => events.onImage({ frame, release: () => undefined }, 0),
      onProblem: (_packet, error) => events.onProblem(camera, error),
    });
    const overriding = new rcl.QoSOverridingOptions(OVERRIDABLE_POLICIES);
    this.#subscription = withQosOverrides(input.topic, () =>
      this.#subscribe({ qos, qosOverridingOptions: overriding, isRaw: true }),
    );
  }

  /** Since the last message, or since the subscription. */
  get silentNs(): number {
    return monotonicNs() - this.#lastMessageNs;
  }

  /** The publishers of the topic, and whether all of them match the subscription. */
  publishers(): OtherEndpoints {
    const { node, input } = this.#options;
    return publishersOf(node, input.topic, this.#own);
  }

  destroy(): void {
    this.#options.node.destroySubscription(this.#subscription);
    this.#decoder.close();
  }

  #subscribe(options: object): object {
    const { node, camera, input, topicName, events } = this.#options;
    const guard = callbackGuard(node);
    const [pkgName = '', subFolder = '', interfaceName = ''] = input.type.split('/');
    // rclnodejs only needs the type of the message class, because the messages are raw CDR.
    const messageClass = Object.assign(() => {}, { type: () => ({ pkgName, subFolder, interfaceName }) });
    return node.createSubscription<Uint8Array>(messageClass, topicName, options, (data) => {
      this.#lastMessageNs = monotonicNs();
      guard.run(`the subscription to ${input.topic}`, () => {
        try {
          const packet = VIDEO_PARSERS.get(input.type)?.(data, camera);
          if (packet !== undefined) this.#decoder.push(packet);
        } catch (error) {
          events.onProblem(camera, error);
        }
      });
    });
  }
}
