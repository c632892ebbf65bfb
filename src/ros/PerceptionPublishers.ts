import type { Classifier, ClassifyOutcome } from '../classify/Classifier.js';
import type { ClassResult } from '../classify/ClassResult.js';
import type { ResultChoice } from '../classify/RegionResult.js';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { wholeRegion } from '../image/PictureRegion.js';
import { classifiedRegion } from '../image/ResizeGeometry.js';
import type { DetectionsMessage } from '../messages/detectionsMessage.js';
import type { HeaderMessage } from '../messages/headerMessage.js';
import {
  type PerceptionContext,
  type PerceptionTargetsMessage,
  perceptionRegionsMessage,
  perceptionTargetsMessage,
} from '../messages/perceptionTargetsMessage.js';
import type { RegionsResult } from '../pool/RegionOutcome.js';
import type { CdrPublisher } from './rcl/CdrPublisher.js';
import { packageProblem } from './rcl/messagesProblem.js';
import type { PublisherSet } from './rcl/PublisherSet.js';

const NS_PER_MS = 1e6;

/** ai_msgs/msg/PerceptionInfo */
interface PerceptionInfoMessage {
  readonly header: HeaderMessage;
  readonly height: number;
  readonly width: number;
  readonly class_names: readonly string[];
}

function contextOf(classifier: Classifier): PerceptionContext {
  return {
    modelName: classifier.manifest.name,
    framesPerSecond: classifier.pool.statistics.framesPerSecond(),
    // CLOCK_REALTIME, which TROS's nodes use for their times.
    nowNs: BigInt(Math.round((performance.timeOrigin + performance.now()) * NS_PER_MS)),
  };
}

/** Publishes results in the form of TROS's nodes, with the image's stamp, and the class names on `<topic>_info`. */
export class PerceptionPublishers {
  readonly #targets: CdrPublisher<PerceptionTargetsMessage>;
  readonly #info: CdrPublisher<PerceptionInfoMessage> | undefined;

  /**
   * @param warn called if TROS is older than its message for class names (2024-08).
   * @throws EffvitError ROS_UNAVAILABLE: TROS's messages are not installed; BAD_CONFIG
   */
  constructor(topic: string, publishers: PublisherSet, warn: (text: string) => void) {
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

  publish(outcome: ClassifyOutcome, classifier: Classifier): void {
    if (outcome.kind !== 'result' || this.#targets.subscriptionCount === 0) return;
    const region = outcome.region ?? wholeRegion(outcome.widthPx, outcome.heightPx);
    const seen = classifiedRegion(region, classifier.preprocess);
    this.#targets.publish(perceptionTargetsMessage(outcome, seen, contextOf(classifier)));
  }

  publishRegions(
    outcome: RegionsResult<readonly ClassResult[]>,
    detections: DetectionsMessage,
    classifier: Classifier,
    results: ResultChoice,
  ): void {
    if (this.#targets.subscriptionCount === 0) return;
    this.#targets.publish(perceptionRegionsMessage(outcome, detections, results, contextOf(classifier)));
  }

  publishInfo(header: HeaderMessage, { labels, manifest }: Classifier): void {
    if ((this.#info?.subscriptionCount ?? 0) === 0) return;
    this.#info?.publish({
      header,
      height: manifest.input.heightPx,
      width: manifest.input.widthPx,
      class_names: labels,
    });
  }
}
