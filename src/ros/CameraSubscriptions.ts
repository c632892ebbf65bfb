import type { Parameters } from '../core/parameters.js';
import { parseCompressedImageCdr } from '../image/cdr/parseCompressedImageCdr.js';
import { parseImageCdr } from '../image/cdr/parseImageCdr.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { type OtherEndpoints, publishersOf } from './qosMismatch.js';
import { OVERRIDABLE_POLICIES, QOS, type RclModule, type RclNode, type RclQos } from './rcl.js';

/** Frames that wait in the middleware: the newest matters, a short burst may be late. */
const DEPTH = 5;

export interface CameraEvents {
  readonly onFrame: (frame: ImageFrame) => void;
  /** A message that is no image; `topic` as the camera is called in reports. */
  readonly onProblem: (topic: string, error: unknown) => void;
}

/**
 * Subscriptions to the camera topics. Messages are taken as raw CDR: the pixels stay in the one buffer that
 * rclnodejs made of the sample, and the frame is a view of it.
 */
export class CameraSubscriptions {
  /** Fully qualified topic names, as frames carry them. */
  readonly topics: readonly string[];
  readonly #node: RclNode;
  readonly #subscriptions: readonly object[];
  readonly #qos = new Map<string, RclQos>();

  constructor(
    rcl: RclModule,
    node: RclNode,
    parameters: Pick<Parameters, 'image_topics' | 'image_transport'>,
    events: CameraEvents,
  ) {
    this.#node = node;
    const isCompressed = parameters.image_transport === 'compressed';
    const type = isCompressed ? 'sensor_msgs/msg/CompressedImage' : 'sensor_msgs/msg/Image';
    const parse = isCompressed ? parseCompressedImageCdr : parseImageCdr;
    // Remappings are of the camera's topic, and the transport comes after: as image_transport does it.
    const names = parameters.image_topics.map((name) =>
      isCompressed ? `${node.resolveTopicName(name)}/compressed` : name,
    );
    this.topics = names.map((name) => node.resolveTopicName(name));
    this.#subscriptions = this.topics.map((topic, index) => {
      const qos = new rcl.QoS(QOS.keepLast, DEPTH, QOS.bestEffort, QOS.volatile);
      this.#qos.set(topic, qos);
      return node.createSubscription(
        type,
        names[index] ?? topic,
        {
          isRaw: true,
          qos,
          qosOverridingOptions: new rcl.QoSOverridingOptions(OVERRIDABLE_POLICIES),
        },
        (data) => {
          let frame: ImageFrame;
          try {
            frame = parse(data, topic);
          } catch (error) {
            events.onProblem(topic, error);
            return;
          }
          events.onFrame(frame);
        },
      );
    });
  }

  /** Who publishes a topic, and whether all of them can be heard. */
  publishers(topic: string): OtherEndpoints {
    const qos = this.#qos.get(topic);
    return qos === undefined ? { count: 0, mismatch: undefined } : publishersOf(this.#node, topic, qos);
  }

  destroy(): void {
    for (const subscription of this.#subscriptions) this.#node.destroySubscription(subscription);
  }
}
