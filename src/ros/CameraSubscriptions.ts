import { parseCompressedImageCdr } from '../image/cdr/parseCompressedImageCdr.js';
import { ImageSamples } from './images/ImageSamples.js';
import type { ReceivedImage } from './images/ReceivedImage.js';
import { releaseSample } from './images/releaseSample.js';
import { SequenceGaps } from './images/SequenceGaps.js';
import type { NodeParameterValues } from './parameters/parameterTable.js';
import { OVERRIDABLE_POLICIES, QOS, type RclModule, type RclNode } from './rcl/rcl.js';
import { withQosOverrides } from './rcl/withQosOverrides.js';
import { type OtherEndpoints, type OwnEndpoint, publishersOf } from './reports/otherEndpoints.js';

/** Frames that wait in the middleware: the newest matters, a short burst may be late. */
const DEPTH = 5;

const COMPRESSED_TYPE = 'sensor_msgs/msg/CompressedImage';

/** `topic` is the fully qualified name, as frames carry it. */
export interface CameraEvents {
  readonly onImage: (image: ReceivedImage) => void;
  /** A message that is no image. */
  readonly onProblem: (topic: string, error: unknown) => void;
  /** Messages that the camera sent and that did not arrive. */
  readonly onMissing: (topic: string, count: number) => void;
}

interface Topic {
  /** As it is subscribed to, before the graph's own names. */
  readonly name: string;
  /** Fully qualified. */
  readonly topic: string;
  readonly options: object;
}

/**
 * Subscriptions to the camera topics. The pixels stay in the one buffer that the middleware copied them to, and
 * frames are views of it: see {@link ImageSamples}; compressed images, which are small, are read in their CDR.
 */
export class CameraSubscriptions {
  /** Fully qualified topic names, as frames carry them. */
  readonly topics: readonly string[];
  readonly #node: RclNode;
  readonly #events: CameraEvents;
  readonly #subscriptions: object[] = [];
  readonly #endpoints = new Map<string, OwnEndpoint>();
  readonly #samples: ImageSamples | undefined;

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE; nothing is subscribed to then. */
  constructor(
    rcl: RclModule,
    node: RclNode,
    parameters: Pick<NodeParameterValues, 'image_topics' | 'image_transport'>,
    events: CameraEvents,
  ) {
    this.#node = node;
    this.#events = events;
    const isCompressed = parameters.image_transport === 'compressed';
    // Remappings are of the camera's topic, and the transport comes after: as image_transport does it.
    const names = parameters.image_topics.map((name) =>
      isCompressed ? `${node.resolveTopicName(name)}/compressed` : name,
    );
    this.topics = names.map((name) => node.resolveTopicName(name));
    const type = isCompressed ? COMPRESSED_TYPE : 'sensor_msgs/msg/Image';
    this.#samples = isCompressed ? undefined : new ImageSamples();
    try {
      for (const name of names) {
        const topic = node.resolveTopicName(name);
        const qos = new rcl.QoS(QOS.keepLast, DEPTH, QOS.bestEffort, QOS.volatile);
        this.#endpoints.set(topic, { type, qos });
        const options = { qos, qosOverridingOptions: new rcl.QoSOverridingOptions(OVERRIDABLE_POLICIES) };
        this.#subscriptions.push(withQosOverrides(topic, () => this.#subscribe({ name, topic, options })));
      }
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** Who publishes a topic, and whether all of them can be heard. */
  publishers(topic: string): OtherEndpoints {
    const own = this.#endpoints.get(topic);
    return own === undefined
      ? { count: 0, mismatch: undefined, wrongType: undefined }
      : publishersOf(this.#node, topic, own);
  }

  destroy(): void {
    for (const subscription of this.#subscriptions) this.#node.destroySubscription(subscription);
    this.#samples?.close();
  }

  #subscribe(camera: Topic): object {
    return this.#samples === undefined
      ? this.#subscribeToCompressed(camera)
      : this.#subscribeToRaw(camera, this.#samples);
  }

  #subscribeToRaw({ name, topic, options }: Topic, samples: ImageSamples): object {
    const { onImage, onMissing } = this.#events;
    const gaps = new SequenceGaps();
    const type = samples.messageClass(topic);
    return this.#node.createSubscription<ReceivedImage>(type, name, options, (image, info) => {
      const missing = gaps.missingBefore(info);
      if (missing > 0) onMissing(topic, missing);
      onImage(image);
    });
  }

  #subscribeToCompressed({ name, topic, options }: Topic): object {
    const { onImage, onProblem } = this.#events;
    // Without `info`: rclnodejs tells none of messages that it gives as they came.
    return this.#node.createSubscription(COMPRESSED_TYPE, name, { ...options, isRaw: true }, (data) => {
      let image: ReceivedImage;
      try {
        image = { frame: parseCompressedImageCdr(data, topic), release: () => releaseSample(data) };
      } catch (error) {
        onProblem(topic, error);
        return;
      }
      onImage(image);
    });
  }
}
