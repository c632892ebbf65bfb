import type { Classifier, ClassifyOutcome } from '../classify/Classifier.js';
import type { ClassResult } from '../classify/ClassResult.js';
import { hasDetections } from '../classify/detectionTopics.js';
import { type ClassifyRegionsOutcome, chosenResult, type ResultChoice } from '../classify/RegionResult.js';
import { runAllStepsNow } from '../core/runAllSteps.js';
import { stampFromNs } from '../core/Stamp.js';
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
import type { CdrPublisher } from './rcl/CdrPublisher.js';
import { PublisherSet } from './rcl/PublisherSet.js';
import type { RclModule, RclNode } from './rcl/rcl.js';
import type { OtherEndpoints } from './reports/otherEndpoints.js';

const RAW = 'classification';
const SMOOTHED = 'classification_smoothed';

/** Key for all cameras, used instead of a camera's name. */
const SHARED = '';

/** By camera; a publisher shared by all cameras has the key SHARED. */
type ClassificationPublishers = Map<string, CdrPublisher>;

/** The node's publishers while it is configured. */
export class NodePublishers {
  readonly debugImages: DebugImages;
  readonly #node: RclNode;
  readonly #classifier: Classifier;
  readonly #parameters: () => NodeParameterValues;
  readonly #publishers: PublisherSet;
  readonly #classifications: ClassificationPublishers = new Map();
  /** Created when smoothing is first enabled. */
  readonly #smoothed: ClassificationPublishers = new Map();
  readonly #frames: CdrPublisher<FrameReportMessage>;
  readonly #statistics: CdrPublisher<PipelineStatisticsMessage>;
  readonly #visionInfo: CdrPublisher;
  readonly #labelInfo: CdrPublisher;
  /** Set if the boxes of a detector are classified. */
  readonly #detections: CdrPublisher<DetectionsMessage> | undefined;
  /** Set if also smoothing is or was enabled. */
  #smoothedDetections: CdrPublisher<DetectionsMessage> | undefined;
  /** Set if the parameter perception_targets names a topic. */
  readonly #perception: PerceptionPublishers | undefined;
  readonly #framesOfSource = new Map<string, number>();

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE; then there are no publishers. */
  constructor(rcl: RclModule, node: RclNode, classifier: Classifier, parameters: () => NodeParameterValues) {
    this.#node = node;
    this.#classifier = classifier;
    this.#parameters = parameters;
    const publishers = new PublisherSet(rcl, node);
    this.#publishers = publishers;
    const values = parameters();
    const warn = (text: string): void => node.getLogger().warn(text);
    try {
      this.#makeClassifications(this.#classifications, RAW);
      this.offerSmoothed(values);
      this.#frames = publishers.make('effvit/msg/FrameReport', '~/frames');
      this.#statistics = publishers.make('effvit/msg/PipelineStatistics', '~/statistics');
      const debugImage = publishers.make('sensor_msgs/msg/Image', '~/debug_image', 1);
      this.debugImages = new DebugImages(debugImage, classifier, parameters, warn);
      this.#visionInfo = publishers.make('vision_msgs/msg/VisionInfo', 'vision_info', 1, 'transientLocal');
      this.#labelInfo = publishers.make('vision_msgs/msg/LabelInfo', 'label_info', 1, 'transientLocal');
      if (hasDetections(values)) this.#detections = publishers.make(DETECTIONS_TYPE, 'classified_detections');
      const topic = values.perception_targets;
      if (topic !== '') this.#perception = new PerceptionPublishers(topic, publishers, classifier, warn);
    } catch (error) {
      publishers.destroy();
      throw error;
    }
  }

  /** Creates the topics of smoothed results if smoothing is on; they are retained. @throws EffvitError BAD_CONFIG */
  offerSmoothed(values: NodeParameterValues): void {
    if (values.smoothing === 'none') return;
    this.#makeClassifications(this.#smoothed, SMOOTHED);
    if (!hasDetections(values)) return;
    this.#smoothedDetections ??= this.#publishers.make(DETECTIONS_TYPE, 'classified_detections_smoothed');
  }

  #makeClassifications(publishers: ClassificationPublishers, base: typeof RAW | typeof SMOOTHED): void {
    const {
      classification_per_camera: isPerCamera,
      image_topics: names,
      image_transport,
    } = this.#parameters();
    const resolve = (name: string): string => this.#node.resolveTopicName(name);
    const ofCamera = (name: string) =>
      [cameraTopic(name, image_transport, resolve), `${base}/${name.replace(/^[~/]+/, '')}`] as const;
    for (const [camera, topic] of isPerCamera ? names.map(ofCamera) : [[SHARED, base] as const]) {
      if (publishers.has(camera)) continue;
      publishers.set(camera, this.#publishers.make('vision_msgs/msg/Classification', topic));
    }
  }

  /**
   * Publishes which model and labels the results belong to, also for later subscribers.
   *
   * @param databaseVersion increments whenever the model changes, so that subscribers know that their labels are old.
   */
  publishModel(databaseVersion: number): void {
    const { manifest, info } = this.#classifier;
    // The labels first, so that they are available when a subscriber sees the new version.
    this.publishLabels();
    this.#visionInfo.publish({
      header: this.#header(),
      method: `${manifest.name} (${info.runtime}${info.isSimulated ? ', SIMULATED' : ''})`,
      database_location: this.#node.resolveTopicName('label_info'),
      database_version: databaseVersion,
    });
  }

  /** Publishes the labels with the current threshold; call it again when the threshold changes. */
  publishLabels(): void {
    const { labels, options } = this.#classifier;
    this.#labelInfo.publish(labelInfoMessage(this.#header(), labels, options.scoreThreshold));
  }

  /**
   * Publishes the result of a frame for other nodes; nothing for a dropped frame.
   *
   * @param detections of a frame with regions.
   */
  publishResult(outcome: ClassifyOutcome | ClassifyRegionsOutcome, detections?: DetectionsMessage): void {
    if (outcome.kind === 'result') {
      const wanted = chosenResult(outcome, this.#parameters().classification_results);
      this.#publishClasses(this.#classifications, outcome, wanted.value);
      if (outcome.smoothed !== undefined) this.#publishClasses(this.#smoothed, outcome, outcome.smoothed);
      this.#perception?.publish(wanted);
    } else if (outcome.kind === 'regions' && detections !== undefined) {
      this.#publishRegions(outcome, detections);
    }
  }

  #publishClasses(
    publishers: ClassificationPublishers,
    { header }: ClassifyOutcome,
    results: readonly ClassResult[],
  ): void {
    const publisher = publishers.get(header.source) ?? publishers.get(SHARED);
    publisher?.publishCdr(classificationCdr(header, results, this.#parameters().class_id_format));
  }

  #publishRegions(
    outcome: Extract<ClassifyRegionsOutcome, { kind: 'regions' }>,
    detections: DetectionsMessage,
  ): void {
    const parameters = this.#parameters();
    const message = (results: ResultChoice): DetectionsMessage =>
      classifiedDetectionsMessage(headerMessage(outcome.header), detections, outcome.regions, {
        classIdFormat: parameters.class_id_format,
        hypotheses: parameters.detections_hypotheses,
        results,
      });
    const wanted = parameters.classification_results;
    this.#detections?.publish(message(wanted));
    if (parameters.smoothing !== 'none') this.#smoothedDetections?.publish(message('smoothed'));
    this.#perception?.publish(outcome, { detections, results: wanted });
  }

  /**
   * Publishes the report of a frame, whatever its outcome; exactly once per frame.
   *
   * @param detections of a frame with regions.
   */
  publishReport(outcome: ClassifyOutcome | ClassifyRegionsOutcome, detections?: DetectionsMessage): void {
    const { source } = outcome.header;
    this.#framesOfSource.set(source, (this.#framesOfSource.get(source) ?? 0) + 1);
    if (this.#frames.subscriptionCount > 0) this.#frames.publish(this.report(outcome, detections));
  }

  /** The report of the frame that was last passed to {@link publishReport} for its camera. */
  report(
    outcome: ClassifyOutcome | ClassifyRegionsOutcome,
    detections?: DetectionsMessage,
  ): FrameReportMessage {
    const sequence = Math.max(0, (this.#framesOfSource.get(outcome.header.source) ?? 0) - 1);
    const { backend, isSimulated } = this.#classifier.info;
    const regionIds = detections?.detections.map(({ id }) => id);
    return frameReportMessage(outcome, { sequence, backend, isSimulated, regionIds });
  }

  publishStatistics(message: PipelineStatisticsMessage): void {
    this.#statistics.publish(message);
    this.#perception?.publishInfo(this.#header());
  }

  /** The subscribers of each topic. */
  subscribers(): ReadonlyMap<string, OtherEndpoints> {
    return this.#publishers.subscribers();
  }

  #header(): HeaderMessage {
    return { stamp: stampFromNs(this.#node.now().nanoseconds), frame_id: '' };
  }

  destroy(): void {
    runAllStepsNow([() => this.debugImages.destroy(), () => this.#publishers.destroy()]);
  }
}
