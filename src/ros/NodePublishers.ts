import type { Classifier, ClassifyOutcome } from '../classify/Classifier.js';
import { runAllStepsNow } from '../core/runAllSteps.js';
import { stampFromNs } from '../core/Stamp.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { classificationCdr } from '../messages/classificationCdr.js';
import { type FrameReportMessage, frameReportMessage } from '../messages/frameReportMessage.js';
import type { HeaderMessage } from '../messages/headerMessage.js';
import { labelInfoMessage } from '../messages/labelInfoMessage.js';
import type { PipelineStatisticsMessage } from '../messages/pipelineStatisticsMessage.js';
import { DebugImages } from './DebugImages.js';
import { cameraTopic } from './images/cameraInput.js';
import { PerceptionPublishers } from './PerceptionPublishers.js';
import type { NodeParameterValues } from './parameters/parameterTable.js';
import { CdrPublisher } from './rcl/CdrPublisher.js';
import { OVERRIDABLE_POLICIES, QOS, type RclModule, type RclNode, type RclPublisher } from './rcl/rcl.js';
import { withQosOverrides } from './rcl/withQosOverrides.js';
import { type OtherEndpoints, type OwnEndpoint, subscriptionsOf } from './reports/otherEndpoints.js';

const DEPTH = 10;
const CLASSIFICATION = 'vision_msgs/msg/Classification';

/** In the place of a camera's name. */
const SHARED = '';

type ClassificationParameters = Pick<
  NodeParameterValues,
  'classification_per_camera' | 'image_topics' | 'image_transport'
>;

/** The topics of results, by camera. */
function classificationTopics(
  node: RclNode,
  parameters: ClassificationParameters,
): readonly (readonly [camera: string, topic: string])[] {
  if (!parameters.classification_per_camera) return [[SHARED, 'classification']];
  const resolve = (name: string) => node.resolveTopicName(name);
  return parameters.image_topics.map((name) => [
    cameraTopic(name, parameters.image_transport, resolve),
    `classification/${name.replace(/^[~/]+/, '')}`,
  ]);
}

type Endpoint = readonly [type: string, topic: string, depth: number, durability?: number];

/** What the node publishes while it is configured. */
export class NodePublishers {
  readonly #node: RclNode;
  /** By camera; of all of them under an empty name where they share one. */
  readonly #classifications = new Map<string, RclPublisher<Buffer>>();
  readonly #frames: CdrPublisher<FrameReportMessage>;
  readonly #statistics: CdrPublisher<PipelineStatisticsMessage>;
  readonly #debugImage: CdrPublisher;
  readonly #debugImages: DebugImages;
  readonly #visionInfo: CdrPublisher;
  readonly #labelInfo: CdrPublisher;
  /** Where the parameter perception_targets names a topic. */
  readonly #perception: PerceptionPublishers | undefined;
  readonly #endpoints = new Map<string, OwnEndpoint>();
  readonly #destroyers: (() => void)[] = [];
  readonly #framesOfSource = new Map<string, number>();

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE; nothing is published then. */
  constructor(
    rcl: RclModule,
    node: RclNode,
    parameters: ClassificationParameters & Pick<NodeParameterValues, 'perception_targets'>,
  ) {
    this.#node = node;
    const make = <Publisher>(
      [type, topic, depth, durability = QOS.volatile]: Endpoint,
      publisherOf: (options: object) => Publisher,
      destroy: (publisher: Publisher) => void,
    ): Publisher => {
      const fullName = node.resolveTopicName(topic);
      const qos = new rcl.QoS(QOS.keepLast, depth, QOS.reliable, durability);
      this.#endpoints.set(fullName, { type, qos });
      const options = { qos, qosOverridingOptions: new rcl.QoSOverridingOptions(OVERRIDABLE_POLICIES) };
      const publisher = withQosOverrides(fullName, () => publisherOf(options));
      this.#destroyers.push(() => destroy(publisher));
      return publisher;
    };
    const makeCdr = <Message extends object>(...endpoint: Endpoint): CdrPublisher<Message> => {
      const [type, topic] = endpoint;
      const publisherOf = (options: object) => new CdrPublisher<Message>(node, type, topic, options);
      return make(endpoint, publisherOf, (publisher) => publisher.destroy());
    };
    try {
      for (const [camera, topic] of classificationTopics(node, parameters)) {
        const publisher = make(
          [CLASSIFICATION, topic, DEPTH],
          (options) => node.createPublisher<Buffer>(CLASSIFICATION, topic, options),
          (made) => node.destroyPublisher(made),
        );
        this.#classifications.set(camera, publisher);
      }
      this.#frames = makeCdr('effvit/msg/FrameReport', '~/frames', DEPTH);
      this.#statistics = makeCdr('effvit/msg/PipelineStatistics', '~/statistics', DEPTH);
      this.#debugImage = makeCdr('sensor_msgs/msg/Image', '~/debug_image', 1);
      this.#visionInfo = makeCdr('vision_msgs/msg/VisionInfo', 'vision_info', 1, QOS.transientLocal);
      this.#labelInfo = makeCdr('vision_msgs/msg/LabelInfo', 'label_info', 1, QOS.transientLocal);
      const topic = parameters.perception_targets;
      if (topic !== '') {
        this.#perception = new PerceptionPublishers(
          topic,
          (type, name) => makeCdr(type, name, DEPTH),
          (text) => node.getLogger().warn(text),
        );
      }
    } catch (error) {
      for (const destroy of this.#destroyers) destroy();
      throw error;
    }
    this.#debugImages = new DebugImages(this.#debugImage, (text) => node.getLogger().warn(text));
  }

  /**
   * Tells, also those who come later, which model and which labels the results are of.
   *
   * @param databaseVersion counts up whenever the model changes, so that listeners see that their labels are old.
   */
  publishModel(
    classifier: Classifier,
    parameters: Pick<NodeParameterValues, 'score_threshold'>,
    databaseVersion: number,
  ): void {
    const { manifest, info } = classifier;
    // The labels first: who sees the new version finds them there.
    this.publishLabels(classifier, parameters);
    this.#visionInfo.publish({
      header: this.#header(),
      method: `${manifest.name} (${info.runtime}${info.isSimulated ? ', SIMULATED' : ''})`,
      database_location: this.#node.resolveTopicName('label_info'),
      database_version: databaseVersion,
    });
  }

  /** The labels with the threshold in force; again when that changes. */
  publishLabels({ labels }: Classifier, parameters: Pick<NodeParameterValues, 'score_threshold'>): void {
    this.#labelInfo.publish(labelInfoMessage(this.#header(), labels, parameters.score_threshold));
  }

  publishOutcome(
    outcome: ClassifyOutcome,
    classifier: Classifier,
    parameters: Pick<NodeParameterValues, 'class_id_format'>,
  ): void {
    const { source } = outcome.header;
    if (outcome.kind === 'result') {
      const publisher = this.#classifications.get(source) ?? this.#classifications.get(SHARED);
      publisher?.publish(classificationCdr(outcome.header, outcome.value, parameters.class_id_format));
      this.#perception?.publish(outcome, classifier);
    }
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
    parameters: Pick<NodeParameterValues, 'debug_image_scale'>,
  ): Promise<void> | undefined {
    return this.#debugImages.offer(frame, outcome, classifier, parameters.debug_image_scale);
  }

  publishStatistics(message: PipelineStatisticsMessage, classifier: Classifier): void {
    this.#statistics.publish(message);
    this.#perception?.publishInfo(this.#header(), classifier);
  }

  /** The subscribers of each topic. */
  subscribers(): ReadonlyMap<string, OtherEndpoints> {
    return new Map(
      [...this.#endpoints].map(([topic, own]) => [topic, subscriptionsOf(this.#node, topic, own)]),
    );
  }

  #header(): HeaderMessage {
    return { stamp: stampFromNs(this.#node.now().nanoseconds), frame_id: '' };
  }

  destroy(): void {
    this.#debugImages.destroy();
    runAllStepsNow(this.#destroyers);
  }
}
