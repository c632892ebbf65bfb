import type { CameraTurns } from '../classify/CameraTurns.js';
import { runAllStepsNow } from '../core/runAllSteps.js';
import { Camera } from './Camera.js';
import type { CameraEvents } from './CameraSubscription.js';
import { MessageSamples } from './images/MessageSamples.js';
import { sampleKind } from './images/sampleKind.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import type { RclModule, RclNode } from './rcl/rcl.js';
import type { OtherEndpoints } from './reports/otherEndpoints.js';

/** How often the graph is queried for the cameras' topics. */
const LOOK_PERIOD_MS = 500;

export interface CameraSubscriptionsOptions {
  readonly rcl: RclModule;
  readonly node: RclNode;
  /** As in the parameter image_topics. */
  readonly names: readonly string[];
  /** The parameter image_transport. */
  readonly transport: string;
  readonly events: CameraEvents;
  /** Decides when frames are taken, and from which camera. */
  readonly turns: CameraTurns;
  /** Number of frames of each camera that may wait in the middleware. */
  readonly depth: number;
}

/** The subscriptions to all cameras. */
export class CameraSubscriptions {
  readonly #cameras: readonly Camera[];
  readonly #samples = new Map<string, MessageSamples>();
  readonly #timer: NodeJS.Timeout;

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE; then nothing is subscribed. */
  constructor({ names, ...given }: CameraSubscriptionsOptions) {
    const { node } = given;
    const logger = node.getLogger();
    const cameras: Camera[] = [];
    this.#cameras = cameras;
    const options = {
      ...given,
      samplesOf: (type: string) => this.#samplesOf(type),
      notice: (text: string) => logger.info(text),
      warn: (text: string) => logger.warn(text),
    };
    const guard = callbackGuard(node);
    this.#timer = setInterval(() => {
      for (const camera of cameras) guard.run(`the check of ${camera.topic}`, () => camera.update());
    }, LOOK_PERIOD_MS);
    try {
      for (const name of names) cameras.push(new Camera({ ...options, name }));
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** The subscribed topics, for people. */
  get description(): string {
    return this.#cameras.map(({ description }) => description).join(', ');
  }

  /** Sets how many frames of each camera may wait in the middleware. */
  setDepth(depth: number): void {
    for (const camera of this.#cameras) camera.setDepth(depth);
  }

  /** The publishers of a camera's topic, and whether all of them match the subscription. */
  publishers(topic: string): OtherEndpoints {
    const camera = this.#cameras.find((one) => one.topic === topic);
    return camera?.publishers() ?? { count: 0 };
  }

  destroy(): void {
    clearInterval(this.#timer);
    runAllStepsNow([
      ...this.#cameras.map((camera) => () => camera.destroy()),
      ...[...this.#samples.values()].map((samples) => () => samples.close()),
    ]);
  }

  /** The structures of one type, shared by all cameras. */
  #samplesOf(type: string): MessageSamples {
    const kept = this.#samples.get(type);
    if (kept !== undefined) return kept;
    const samples = new MessageSamples(sampleKind(type));
    this.#samples.set(type, samples);
    return samples;
  }
}
