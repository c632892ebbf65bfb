import type { Classifier, ClassifyOutcome } from '../classify/Classifier.js';
import { classificationCdr } from '../classify/messages/classificationCdr.js';
import { type FrameReportMessage, frameReportMessage } from '../classify/messages/frameReportMessage.js';
import type { PipelineStatisticsMessage } from '../classify/messages/pipelineStatisticsMessage.js';
import type { Parameters } from '../core/parameters.js';
import { stampFromNs } from '../core/Stamp.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { CdrPublisher } from './CdrPublisher.js';
import { DebugImages } from './DebugImages.js';
import { subscriptionsOf } from './qosMismatch.js';
import {
  OVERRIDABLE_POLICIES,
  QOS,
  type RclModule,
  type RclNode,
  type RclPublisher,
  type RclQos,
} from './rcl.js';

const DEPTH = 10;

/** What the node publishes while it is configured. */
export class NodePublishers {
  readonly #node: RclNode;
  readonly #classification: RclPublisher<Buffer>;
  readonly #frames: CdrPublisher<FrameReportMessage>;
  readonly #statistics: CdrPublisher<PipelineStatisticsMessage>;
  readonly #debugImage: CdrPublisher;
  readonly #debugImages: DebugImages;
  readonly #visionInfo: CdrPublisher;
  readonly #labelInfo: CdrPublisher;
  readonly #qos = new Map<string, RclQos>();
  readonly #framesOfSource = new Map<string, number>();

  constructor(rcl: RclModule, node: RclNode) {
    this.#node = node;
    const optionsFor = (topic: string, depth: number, durability: number = QOS.volatile): object => {
      const qos = new rcl.QoS(QOS.keepLast, depth, QOS.reliable, durability);
      this.#qos.set(node.resolveTopicName(topic), qos);
      return { qos, qosOverridingOptions: new rcl.QoSOverridingOptions(OVERRIDABLE_POLICIES) };
    };
    const create = <Message extends object>(
      type: string,
      topic: string,
      ...policies: [depth: number, durability?: number]
    ): CdrPublisher<Message> => new CdrPublisher(node, type, topic, optionsFor(topic, ...policies));
    this.#classification = node.createPublisher(
      'vision_msgs/msg/Classification',
      'classification',
      optionsFor('classification', DEPTH),
    );
    this.#frames = create('effvit/msg/FrameReport', '~/frames', DEPTH);
    this.#statistics = create('effvit/msg/PipelineStatistics', '~/statistics', DEPTH);
    this.#debugImage = create('sensor_msgs/msg/Image', '~/debug_image', 1);
    this.#debugImages = new DebugImages(this.#debugImage, (text) => node.getLogger().warn(text));
    this.#visionInfo = create('vision_msgs/msg/VisionInfo', 'vision_info', 1, QOS.transientLocal);
    this.#labelInfo = create('vision_msgs/msg/LabelInfo', 'label_info', 1, QOS.transientLocal);
  }

  /** Tells, also those who come later, which model and which labels the results are of. */
  publishModel(classifier: Classifier, parameters: Pick<Parameters, 'score_threshold'>): void {
    const { manifest, labels } = classifier;
    const header = { stamp: stampFromNs(this.#node.now().nanoseconds), frame_id: '' };
    this.#visionInfo.publish({
      header,
      method: `${manifest.name} (${classifier.info.runtime}${classifier.info.isSimulated ? ', SIMULATED' : ''})`,
      database_location: this.#node.resolveTopicName('label_info'),
      database_version: 1,
    });
    this.#labelInfo.publish({
      header,
      class_map: labels.map((label, index) => ({ class_id: index, class_name: label })),
      threshold: parameters.score_threshold,
    });
  }

  publishOutcome(
    outcome: ClassifyOutcome,
    classifier: Classifier,
    parameters: Pick<Parameters, 'class_id_format'>,
  ): void {
    if (outcome.kind === 'result') {
      this.#classification.publish(
        classificationCdr(outcome.header, outcome.value, parameters.class_id_format),
      );
    }
    const { source } = outcome.header;
    const sequence = this.#framesOfSource.get(source) ?? 0;
    this.#framesOfSource.set(source, sequence + 1);
    if (this.#frames.subscriptionCount === 0) return;
    const { backend, isSimulated } = classifier.info;
    this.#frames.publish(frameReportMessage(outcome, { sequence, backend, isSimulated }));
  }

  /** Draws the frame for ~/debug_image where somebody looks at it: see {@link DebugImages.offer}. */
  offerDebugImage(
    frame: ImageFrame,
    outcome: ClassifyOutcome,
    classifier: Classifier,
    parameters: Pick<Parameters, 'debug_image_scale'>,
  ): Promise<void> | undefined {
    return this.#debugImages.offer(frame, outcome, classifier, parameters.debug_image_scale);
  }

  publishStatistics(message: PipelineStatisticsMessage): void {
    this.#statistics.publish(message);
  }

  /** Subscribers that get nothing, by topic: the policy and the node. */
  unservedSubscribers(): ReadonlyMap<string, string> {
    const unserved = new Map<string, string>();
    for (const [topic, qos] of this.#qos) {
      const { mismatch } = subscriptionsOf(this.#node, topic, qos);
      if (mismatch !== undefined) unserved.set(topic, mismatch);
    }
    return unserved;
  }

  destroy(): void {
    this.#debugImages.destroy();
    this.#node.destroyPublisher(this.#classification);
    for (const publisher of [
      this.#frames,
      this.#statistics,
      this.#debugImage,
      this.#visionInfo,
      this.#labelInfo,
    ]) {
      publisher.destroy();
    }
  }
}
