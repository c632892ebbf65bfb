import type { Classifier, ClassifyOutcome } from '../classify/Classifier.js';
import type { ClassifyRegionsOutcome, ResultChoice } from '../classify/RegionResult.js';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { wholeRegion } from '../image/PictureRegion.js';
import { classifiedRegion } from '../image/ResizeGeometry.js';
import type { DetectionsMessage } from '../messages/detectionsMessage.js';
import type { HeaderMessage } from '../messages/headerMessage.js';
import {
  type PerceptionTargetsMessage,
  perceptionRegionsMessage,
  perceptionTargetsMessage,
} from '../messages/perceptionTargetsMessage.js';
import { NS_PER_MS } from '../stats/monotonicNs.js';
import type { CdrPublisher } from './rcl/CdrPublisher.js';
import { packageProblem } from './rcl/messagesProblem.js';
import type { PublisherSet } from './rcl/PublisherSet.js';

/** Publishes results in the form of TROS's nodes, with the image's stamp, and the class names on `<topic>_info`. */
export class PerceptionPublishers {
  readonly #classifier: Classifier;
  readonly #targets: CdrPublisher<PerceptionTargetsMessage>;
  readonly #info: CdrPublisher | undefined;

  /**
   * @param warn called if TROS is older than its message for class names (2024-08).
   * @throws EffvitError ROS_UNAVAILABLE: TROS's messages are not installed; BAD_CONFIG
   */
  constructor(topic: string, publishers: PublisherSet, classifier: Classifier, warn: (text: string) => void) {
    this.#classifier = classifier;
    const problem = packageProblem('ai_msgs', process.env);
    if (problem !== undefined) {
      throw new EffvitError(
        'ROS_UNAVAILABLE',
        `perception_targets asks for ai_msgs/PerceptionTargets on ${topic}. ${problem}`,
        { context: { topic } },
      );
    }
    this.#targets = publishers.make('ai_msgs/msg/PerceptionTargets', topic);
    try {
      this.#info = publishers.make('ai_msgs/msg/PerceptionInfo', `${topic}_info`);
    } catch (error) {
      warn(`The class names are not published: ${asEffvitError(error).message}`);
    }
  }

  /** @param regions of a frame with regions: its detections, and the classes that are published. */
  publish(
    outcome: ClassifyOutcome | ClassifyRegionsOutcome,
    regions?: { readonly detections: DetectionsMessage; readonly results: ResultChoice },
  ): void {
    if (outcome.kind === 'dropped' || this.#targets.subscriptionCount === 0) return;
    const classifier = this.#classifier;
    const context = {
      modelName: classifier.manifest.name,
      framesPerSecond: classifier.pool.statistics.framesPerSecond(),
      // CLOCK_REALTIME, which TROS's nodes use for their times.
      nowNs: BigInt(Math.round((performance.timeOrigin + performance.now()) * NS_PER_MS)),
    };
    if (outcome.kind === 'result') {
      const region = outcome.region ?? wholeRegion(outcome.widthPx, outcome.heightPx);
      const seen = classifiedRegion(region, classifier.preprocess);
      this.#targets.publish(perceptionTargetsMessage(outcome, seen, context));
    } else if (regions !== undefined) {
      const { detections, results } = regions;
      this.#targets.publish(perceptionRegionsMessage(outcome, detections, results, context));
    }
  }

  publishInfo(header: HeaderMessage): void {
    const { labels, manifest } = this.#classifier;
    if ((this.#info?.subscriptionCount ?? 0) === 0) return;
    this.#info?.publish({
      header,
      height: manifest.input.heightPx,
      width: manifest.input.widthPx,
      class_names: labels,
    });
  }
}
