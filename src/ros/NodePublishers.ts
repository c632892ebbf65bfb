import type { Classifier, ClassifyOutcome } from '../classify/Classifier.js';
import { classificationMessage } from '../classify/messages/classificationMessage.js';
import { frameReportMessage } from '../classify/messages/frameReportMessage.js';
import type { PipelineStatisticsMessage } from '../classify/messages/pipelineStatisticsMessage.js';
import type { Parameters } from '../core/parameters.js';
import { stampFromNs } from '../core/Stamp.js';
import { incompatibleQosEvents } from './CameraSubscriptions.js';
import { OVERRIDABLE_POLICIES, QOS, type RclModule, type RclNode, type RclPublisher } from './rcl.js';

const DEPTH = 10;

/** What the node publishes while it is configured. */
export class NodePublishers {
  readonly #node: RclNode;
  readonly #classification: RclPublisher;
  readonly #frames: RclPublisher;
  readonly #statistics: RclPublisher;
  readonly #visionInfo: RclPublisher;
  readonly #labelInfo: RclPublisher;
  readonly #framesOfSource = new Map<string, number>();

  constructor(rcl: RclModule, node: RclNode) {
    this.#node = node;
    const create = (type: string, topic: string, depth: number, isLatched: boolean): RclPublisher =>
      node.createPublisher(
        type,
        topic,
        {
          qos: new rcl.QoS(QOS.keepLast, depth, QOS.reliable, isLatched ? QOS.transientLocal : QOS.volatile),
          qosOverridingOptions: new rcl.QoSOverridingOptions(OVERRIDABLE_POLICIES),
        },
        incompatibleQosEvents(rcl.PublisherEventCallbacks, () =>
          node
            .getLogger()
            .warn(
              `A subscriber of ${topic} asks for a QoS that is not offered and gets nothing: see qos_overrides.${node.resolveTopicName(topic)}.publisher.`,
            ),
        ),
      );
    this.#classification = create('vision_msgs/msg/Classification', 'classification', DEPTH, false);
    this.#frames = create('effvit/msg/FrameReport', '~/frames', DEPTH, false);
    this.#statistics = create('effvit/msg/PipelineStatistics', '~/statistics', DEPTH, false);
    this.#visionInfo = create('vision_msgs/msg/VisionInfo', 'vision_info', 1, true);
    this.#labelInfo = create('vision_msgs/msg/LabelInfo', 'label_info', 1, true);
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
        classificationMessage(outcome.header, outcome.value, parameters.class_id_format),
      );
    }
    const { source } = outcome.header;
    const sequence = this.#framesOfSource.get(source) ?? 0;
    this.#framesOfSource.set(source, sequence + 1);
    if (this.#frames.subscriptionCount === 0) return;
    const { backend, isSimulated } = classifier.info;
    this.#frames.publish(frameReportMessage(outcome, { sequence, backend, isSimulated }));
  }

  publishStatistics(message: PipelineStatisticsMessage): void {
    this.#statistics.publish(message);
  }

  destroy(): void {
    for (const publisher of [
      this.#classification,
      this.#frames,
      this.#statistics,
      this.#visionInfo,
      this.#labelInfo,
    ]) {
      this.#node.destroyPublisher(publisher);
    }
  }
}
