import { monotonicNs } from '../stats/monotonicNs.js';
import { VIDEO_PARSERS } from '../video/messages/parseVideoCdr.js';
import { VideoDecoder } from '../video/VideoDecoder.js';
import type { CameraSubscriptionOptions } from './CameraSubscription.js';
import { guardedSubscription } from './rcl/CallbackGuard.js';
import { keepLastQos, messageClass } from './rcl/rcl.js';
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
    const { rcl, node, camera, input, topicName, events } = options;
    const qos = keepLastQos(rcl, DEPTH, 'bestEffort');
    this.#own = { type: input.type, qos };
    this.#decoder = new VideoDecoder({
      source: camera,
      onFrame: (frame) => events.onImage({ frame, release: () => undefined }, 0),
      onProblem: (_packet, error) => events.onProblem(camera, error),
    });
    const type = messageClass(input.type);
    this.#subscription = withQosOverrides(rcl, input.topic, qos, (given) =>
      guardedSubscription(
        node,
        type,
        topicName,
        { ...given, isRaw: true },
        (data) => this.#receive(data),
        input.topic,
      ),
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

  #receive(data: Uint8Array): void {
    const { camera, input, events } = this.#options;
    this.#lastMessageNs = monotonicNs();
    try {
      const packet = VIDEO_PARSERS.get(input.type)?.(data, camera);
      if (packet !== undefined) this.#decoder.push(packet);
    } catch (error) {
      events.onProblem(camera, error);
    }
  }
}
