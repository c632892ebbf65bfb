import type { CameraTurns } from '../classify/CameraTurns.js';
import { runAllStepsNow } from '../core/runAllSteps.js';
import { Camera } from './Camera.js';
import type { CameraEvents } from './CameraSubscription.js';
import { compressedImageSamples } from './images/CompressedImageSample.js';
import { COMPRESSED_IMAGE_TYPE, IMAGE_TYPE } from './images/cameraInput.js';
import { hbmImageSamples } from './images/HbmImageSample.js';
import { imageSamples } from './images/ImageSample.js';
import type { SampleKind } from './images/MessageSample.js';
import { MessageSamples } from './images/MessageSamples.js';
import type { NodeParameterValues } from './parameters/parameterTable.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import type { RclModule, RclNode } from './rcl/rcl.js';
import type { OtherEndpoints } from './reports/otherEndpoints.js';

/** How often the graph is queried for the cameras' topics. */
const LOOK_PERIOD_MS = 500;

function sampleKind(type: string): SampleKind {
  if (type === IMAGE_TYPE) return imageSamples();
  if (type === COMPRESSED_IMAGE_TYPE) return compressedImageSamples();
  const [, , name = ''] = type.split('/');
  return hbmImageSamples(name);
}

export interface CameraSubscriptionsOptions {
  readonly rcl: RclModule;
  readonly node: RclNode;
  readonly parameters: Pick<NodeParameterValues, 'image_topics' | 'image_transport'>;
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
  constructor({ parameters, ...given }: CameraSubscriptionsOptions) {
    const { node } = given;
    const logger = node.getLogger();
    const cameras: Camera[] = [];
    this.#cameras = cameras;
    const options = {
      ...given,
      transport: parameters.image_transport,
      samplesOf: (type: string) => this.#samplesOf(type),
      notice: (text: string) => logger.info(text),
      warn: (text: string) => logger.warn(text),
    };
    this.#timer = setInterval(() => {
      for (const camera of cameras) {
        callbackGuard(node).run(`the check of ${camera.topic}`, () => camera.update());
      }
    }, LOOK_PERIOD_MS);
    try {
      for (const name of parameters.image_topics) cameras.push(new Camera({ ...options, name }));
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** The cameras' names in frames: fully qualified topics. */
  get topics(): readonly string[] {
    return this.#cameras.map(({ topic }) => topic);
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
    return camera?.publishers() ?? { count: 0, mismatch: undefined, wrongType: undefined };
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
