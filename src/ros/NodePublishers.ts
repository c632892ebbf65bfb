import type { Classifier, ClassifyOutcome } from '../classify/Classifier.js';
import type { ClassResult } from '../classify/ClassResult.js';
import { hasDetections } from '../classify/detectionTopics.js';
import type { ClassifyRegionsOutcome, ResultChoice } from '../classify/RegionResult.js';
import { runAllStepsNow } from '../core/runAllSteps.js';
import { stampFromNs } from '../core/Stamp.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { classificationCdr } from '../messages/classificationCdr.js';
import { labelInfoMessage } from '../messages/classificationMessage.js';
import { classifiedDetectionsMessage } from '../messages/classifiedDetectionsMessage.js';
import { DETECTIONS_TYPE, type DetectionsMessage } from '../messages/detectionsMessage.js';
import { type FrameReportMessage, frameReportMessage } from '../messages/frameReportMessage.js';
import { type HeaderMessage, headerMessage } from '../messages/headerMessage.js';
import type { PipelineStatisticsMessage } from '../messages/pipelineStatisticsMessage.js';
import { DebugImages } from './DebugImages.js';
import { cameraTopic } from './images/cameraInput.js';
import { PerceptionPublishers } from './PerceptionPublishers.js';
import type { NodeParameterValues } from './parameters/parameterTable.js';
import { CdrPublisher } from './rcl/CdrPublisher.js';
import { OVERRIDABLE_POLICIES, QOS, type RclModule, type RclNode, type RclPublisher } from './rcl/rcl.js';
import { withQosOverrides } from './rcl/withQosOverrides.js';
import { type OtherEndpoints, type OwnEndpoint, subscriptionsOf } from './reports/otherEndpoints.js';
import { wantedResults } from './wantedResults.js';

const DEPTH = 10;
const CLASSIFICATION = 'vision_msgs/msg/Classification';

const RAW = 'classification';
const SMOOTHED = 'classification_smoothed';
const DETECTIONS = 'classified_detections';
const SMOOTHED_DETECTIONS = 'classified_detections_smoothed';

/** Key for all cameras, used instead of a camera's name. */
const SHARED = '';

/** By camera; a publisher shared by all cameras has the key SHARED. */
type ClassificationPublishers = Map<string, RclPublisher<Buffer>>;

type ClassificationParameters = Pick<
  NodeParameterValues,
  'classification_per_camera' | 'image_topics' | 'image_transport'
>;

/** The topics of results, by camera. */
function classificationTopics(
  node: RclNode,
  base: typeof RAW | typeof SMOOTHED,
  parameters: ClassificationParameters,
): readonly (readonly [camera: string, topic: string])[] {
  if (!parameters.classification_per_camera) return [[SHARED, base]];
  const resolve = (name: string) => node.resolveTopicName(name);
  return parameters.image_topics.map((name) => [
    cameraTopic(name, parameters.image_transport, resolve),
    `${base}/${name.replace(/^[~/]+/, '')}`,
  ]);
}

type Endpoint = readonly [type: string, topic: string, depth: number, durability?: number];

/** The node's publishers while it is configured. */
export class NodePublishers {
  readonly #node: RclNode;
  readonly #classifications: ClassificationPublishers = new Map();
  /** Created when smoothing is first enabled. */
  readonly #smoothed: ClassificationPublishers = new Map();
  readonly #makeClassifications: (base: typeof RAW | typeof SMOOTHED) => void;
  readonly #frames: CdrPublisher<FrameReportMessage>;
  readonly #statistics: CdrPublisher<PipelineStatisticsMessage>;
  readonly #debugImage: CdrPublisher;
  readonly #debugImages: DebugImages;
  readonly #visionInfo: CdrPublisher;
  readonly #labelInfo: CdrPublisher;
  /** Set if the boxes of a detector are classified. */
  readonly #detections: CdrPublisher<DetectionsMessage> | undefined;
  /** Set if also smoothing is or was enabled. */
  #smoothedDetections: CdrPublisher<DetectionsMessage> | undefined;
  readonly #makeSmoothedDetections: () => void;
  /** Set if the parameter perception_targets names a topic. */
  readonly #perception: PerceptionPublishers | undefined;
  readonly #endpoints = new Map<string, OwnEndpoint>();
  readonly #destroyers: (() => void)[] = [];
  readonly #framesOfSource = new Map<string, number>();

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE; then there are no publishers. */
  constructor(
    rcl: RclModule,
    node: RclNode,
    parameters: ClassificationParameters &
      Pick<NodeParameterValues, 'perception_targets' | 'smoothing' | 'detections_topics'>,
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
    this.#makeClassifications = (base) => {
      const publishers = base === RAW ? this.#classifications : this.#smoothed;
      for (const [camera, topic] of classificationTopics(node, base, parameters)) {
        if (publishers.has(camera)) continue;
        const publisher = make(
          [CLASSIFICATION, topic, DEPTH],
          (options) => node.createPublisher<Buffer>(CLASSIFICATION, topic, options),
          (made) => node.destroyPublisher(made),
        );
        publishers.set(camera, publisher);
      }
    };
    this.#makeSmoothedDetections = () => {
      if (!hasDetections(parameters)) return;
      this.#smoothedDetections ??= makeCdr(DETECTIONS_TYPE, SMOOTHED_DETECTIONS, DEPTH);
    };
    try {
      this.#makeClassifications(RAW);
      this.offerSmoothed(parameters);
      this.#frames = makeCdr('effvit/msg/FrameReport', '~/frames', DEPTH);
      this.#statistics = makeCdr('effvit/msg/PipelineStatistics', '~/statistics', DEPTH);
      this.#debugImage = makeCdr('sensor_msgs/msg/Image', '~/debug_image', 1);
      this.#visionInfo = makeCdr('vision_msgs/msg/VisionInfo', 'vision_info', 1, QOS.transientLocal);
      this.#labelInfo = makeCdr('vision_msgs/msg/LabelInfo', 'label_info', 1, QOS.transientLocal);
      if (hasDetections(parameters)) {
        this.#detections = makeCdr(DETECTIONS_TYPE, DETECTIONS, DEPTH);
      }
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

  /** Creates the topics of smoothed results if smoothing is on; they are retained. @throws EffvitError BAD_CONFIG */
  offerSmoothed({ smoothing }: Pick<NodeParameterValues, 'smoothing'>): void {
    if (smoothing === 'none') return;
    this.#makeClassifications(SMOOTHED);
    this.#makeSmoothedDetections();
  }

  /**
   * Publishes which model and labels the results belong to, also for later subscribers.
   *
   * @param databaseVersion increments whenever the model changes, so that subscribers know that their labels are old.
   */
  publishModel(
    classifier: Classifier,
    parameters: Pick<NodeParameterValues, 'score_threshold'>,
    databaseVersion: number,
  ): void {
    const { manifest, info } = classifier;
    // The labels first, so that they are available when a subscriber sees the new version.
    this.publishLabels(classifier, parameters);
    this.#visionInfo.publish({
      header: this.#header(),
      method: `${manifest.name} (${info.runtime}${info.isSimulated ? ', SIMULATED' : ''})`,
      database_location: this.#node.resolveTopicName('label_info'),
      database_version: databaseVersion,
    });
  }

  /** Publishes the labels with the current threshold; call it again when the threshold changes. */
  publishLabels({ labels }: Classifier, parameters: Pick<NodeParameterValues, 'score_threshold'>): void {
    this.#labelInfo.publish(labelInfoMessage(this.#header(), labels, parameters.score_threshold));
  }

  /** Publishes the result of a frame for other nodes; nothing for a dropped frame. */
  publishResult(
    outcome: ClassifyOutcome,
    classifier: Classifier,
    parameters: Pick<NodeParameterValues, 'class_id_format' | 'classification_results'>,
  ): void {
    if (outcome.kind !== 'result') return;
    const { source } = outcome.header;
    const publish = (publishers: ClassificationPublishers, results: readonly ClassResult[]): void => {
      const publisher = publishers.get(source) ?? publishers.get(SHARED);
      publisher?.publish(classificationCdr(outcome.header, results, parameters.class_id_format));
    };
    const wanted = wantedResults(outcome, parameters);
    publish(this.#classifications, wanted.value);
    if (outcome.smoothed !== undefined) publish(this.#smoothed, outcome.smoothed);
    this.#perception?.publish(wanted, classifier);
  }

  /** Publishes the classes of a frame's boxes; nothing for a dropped frame. */
  publishRegions(
    outcome: ClassifyRegionsOutcome,
    detections: DetectionsMessage,
    classifier: Classifier,
    parameters: Pick<
      NodeParameterValues,
      'class_id_format' | 'detections_hypotheses' | 'classification_results' | 'smoothing'
    >,
  ): void {
    if (outcome.kind !== 'regions') return;
    const header = headerMessage(outcome.header);
    const message = (results: ResultChoice): DetectionsMessage =>
      classifiedDetectionsMessage(header, detections, outcome.regions, {
        classIdFormat: parameters.class_id_format,
        hypotheses: parameters.detections_hypotheses,
        results,
      });
    const { classification_results: wanted, smoothing } = parameters;
    this.#detections?.publish(message(wanted));
    if (smoothing !== 'none') this.#smoothedDetections?.publish(message('smoothed'));
    this.#perception?.publishRegions(outcome, detections, classifier, wanted);
  }

  /**
   * Publishes the report of a frame, whatever its outcome; exactly once per frame.
   *
   * @param regionIds for a frame with regions: the ids of its detections.
   */
  publishReport(
    outcome: ClassifyOutcome | ClassifyRegionsOutcome,
    classifier: Classifier,
    regionIds: readonly string[] = [],
  ): void {
    const { source } = outcome.header;
    this.#framesOfSource.set(source, (this.#framesOfSource.get(source) ?? 0) + 1);
    if (this.#frames.subscriptionCount > 0) this.#frames.publish(this.report(outcome, classifier, regionIds));
  }

  /** The report of the frame that was last passed to {@link publishReport} for its camera. */
  report(
    outcome: ClassifyOutcome | ClassifyRegionsOutcome,
    classifier: Classifier,
    regionIds: readonly string[] = [],
  ): FrameReportMessage {
    const sequence = Math.max(0, (this.#framesOfSource.get(outcome.header.source) ?? 0) - 1);
    const { backend, isSimulated } = classifier.info;
    return frameReportMessage(outcome, { sequence, backend, isSimulated, regionIds });
  }

  /** Draws the frame for ~/debug_image if that has subscribers: see {@link DebugImages.offer}. */
  offerDebugImage(
    frame: ImageFrame,
    outcome: ClassifyOutcome | ClassifyRegionsOutcome,
    classifier: Classifier,
    parameters: Pick<NodeParameterValues, 'debug_image_scale' | 'classification_results'>,
  ): Promise<void> | undefined {
    const { debug_image_scale: scale, classification_results: results } = parameters;
    const wanted = outcome.kind === 'result' ? wantedResults(outcome, parameters) : outcome;
    return this.#debugImages.offer(frame, wanted, classifier, { scale, results });
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
