import { asEffvitError } from '../core/EffvitError.js';
import { VIDEO_PARSERS } from '../video/messages/parseVideoCdr.js';
import { CameraSubscription, type CameraSubscriptionOptions } from './CameraSubscription.js';
import {
  type CameraInput,
  COMPRESSED_IMAGE_TYPE,
  IMAGE_TYPE,
  InputChoice,
  offeredInputs,
} from './images/cameraInput.js';
import { SequenceGaps } from './images/SequenceGaps.js';
import { packageProblem } from './rcl/messagesProblem.js';
import type { RclLogger } from './rcl/rcl.js';
import type { OtherEndpoints } from './reports/otherEndpoints.js';
import { VideoSubscription } from './VideoSubscription.js';

/** A camera that is silent for this long may have been replaced by another one. */
const SILENT_NS = 2e9;

export interface CameraOptions
  extends Omit<CameraSubscriptionOptions, 'camera' | 'input' | 'topicName' | 'gaps'> {
  /** As in the parameter image_topics. */
  readonly name: string;
  /** The camera's name in its frames: the fully qualified topic. */
  readonly topic: string;
  /** The parameter image_transport. */
  readonly transport: string;
}

const describe = ({ topic, type }: CameraInput): string => `${topic} (${type})`;

/** The subscription to one camera, in the form that its publisher sends or in the configured form. */
export class Camera {
  /** The camera's name in its frames: the fully qualified topic. */
  readonly topic: string;
  readonly #options: CameraOptions;
  readonly #choice: InputChoice;
  readonly #gaps = new SequenceGaps();
  #depth: number;
  /** Whether the form may change: only with `auto`. */
  readonly #isFollowed: boolean;
  #subscription: CameraSubscription | VideoSubscription | undefined;
  #isOffered = false;
  #problem: string | undefined;

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE; then nothing is subscribed. */
  constructor(options: CameraOptions) {
    this.#options = options;
    const { topic, transport, depth } = options;
    this.#depth = depth;
    this.topic = topic;
    this.#isFollowed = transport === 'auto';
    const type = transport === 'compressed' ? COMPRESSED_IMAGE_TYPE : IMAGE_TYPE;
    this.#choice = new InputChoice({ topic, type });
    if (this.#isFollowed) this.#choice.update(this.#offered(), false);
    this.#subscribe();
  }

  /** The subscribed topic and form, for people. */
  get description(): string {
    const waiting = this.#isFollowed && !this.#isOffered ? ', no publisher yet' : '';
    return `${describe(this.#choice.current)}${waiting}`;
  }

  /** Checks whether the camera sends in another form now, and subscribes to it. */
  update(): void {
    if (!this.#isFollowed) return;
    const isSilent = this.#subscription === undefined || this.#subscription.silentNs > SILENT_NS;
    const was = this.#isOffered;
    const isChanged = this.#choice.update(this.#offered(), isSilent);
    if (isChanged) this.#subscribeAnew(`The camera ${this.topic} is heard on ${this.description} now.`);
    else if (!was && this.#isOffered) this.#log.info(`The publisher is there: ${this.description}.`);
  }

  /** Sets how many of its frames may wait in the middleware. */
  setDepth(depth: number): void {
    if (this.#depth === depth) return;
    this.#depth = depth;
    // A video needs every message.
    if (!(this.#subscription instanceof VideoSubscription)) this.#subscribeAnew();
  }

  /** The publishers of its topic, and whether all of them match the subscription. */
  publishers(): OtherEndpoints {
    this.update();
    return this.#subscription?.publishers() ?? { count: 0 };
  }

  get #log(): RclLogger {
    return this.#options.node.getLogger();
  }

  destroy(): void {
    this.#subscription?.destroy();
    this.#subscription = undefined;
  }

  #subscribeAnew(notice?: string): void {
    this.destroy();
    try {
      this.#subscribe();
      if (notice !== undefined) this.#log.info(notice);
    } catch (error) {
      this.#log.warn(asEffvitError(error).message);
    }
  }

  #subscribe(): void {
    const { name, ...options } = this.#options;
    const input = this.#choice.current;
    const isOwn = input.topic === options.node.resolveTopicName(name);
    const common = { ...options, camera: this.topic, input, topicName: isOwn ? name : input.topic };
    this.#subscription = VIDEO_PARSERS.has(input.type)
      ? new VideoSubscription(common)
      : new CameraSubscription({ ...common, depth: this.#depth, gaps: this.#gaps });
  }

  /** The inputs that can be subscribed to; a missing message package is reported once. */
  #offered(): CameraInput[] {
    const { node } = this.#options;
    const typesOn = (topic: string): string[] =>
      node.getPublishersInfoByTopic(topic).map(({ topic_type }) => topic_type);
    const offered = offeredInputs(this.topic, typesOn).filter((input) => {
      const [packageName = ''] = input.type.split('/');
      const problem = packageProblem(packageName, process.env);
      if (problem !== undefined && problem !== this.#problem) {
        this.#log.warn(`${describe(input)} cannot be listened to. ${problem}`);
        this.#problem = problem;
      }
      return problem === undefined;
    });
    this.#isOffered = offered.length > 0;
    return offered;
  }
}
