import { HBM_DATA_BYTES } from '../../image/hbmImageFrame.js';
import { VIDEO_PARSERS } from '../../video/messages/parseVideoCdr.js';

export const IMAGE_TYPE = 'sensor_msgs/msg/Image';
export const COMPRESSED_IMAGE_TYPE = 'sensor_msgs/msg/CompressedImage';

const SUFFIX = '/compressed';

/** The message types of cameras, cheapest first: pictures must be decoded, and of a video every message. */
const IMAGE_TYPES: readonly string[] = [
  IMAGE_TYPE,
  ...Object.keys(HBM_DATA_BYTES).reverse(),
  COMPRESSED_IMAGE_TYPE,
  ...VIDEO_PARSERS.keys(),
];

/** An input of a camera: a fully qualified topic and its message type. */
export interface CameraInput {
  readonly topic: string;
  readonly type: string;
}

/** The camera's topic of compressed images, named as by image_transport; the suffix is not added twice. */
export function compressedTopic(topic: string): string {
  return topic.endsWith(SUFFIX) ? topic : `${topic}${SUFFIX}`;
}

/**
 * A camera's name in its frames. As in image_transport, remappings apply to the camera's topic, and the transport is
 * appended afterwards.
 *
 * @param name as in the parameter image_topics. @param resolve resolves the node's names to names in the graph.
 */
export function cameraTopic(name: string, transport: string, resolve: (name: string) => string): string {
  const own = resolve(name);
  return transport === 'compressed' ? resolve(compressedTopic(own)) : own;
}

/**
 * The inputs offered for a camera, best first: those on its topic, then its topic of compressed images.
 *
 * @param typesOn returns the types that the publishers of a topic announce.
 */
export function offeredInputs(topic: string, typesOn: (topic: string) => readonly string[]): CameraInput[] {
  const own = typesOn(topic);
  const inputs = IMAGE_TYPES.filter((type) => own.includes(type)).map((type) => ({ topic, type }));
  const beside = compressedTopic(topic);
  if (beside !== topic && typesOn(beside).includes(COMPRESSED_IMAGE_TYPE)) {
    inputs.push({ topic: beside, type: COMPRESSED_IMAGE_TYPE });
  }
  return inputs;
}

const isSameInput = (a: CameraInput, b: CameraInput): boolean => a.topic === b.topic && a.type === b.type;

/**
 * Chooses which of a camera's offered inputs to subscribe to. The current one is retained as long as it is offered,
 * unless it is silent and another was offered later: a killed publisher stays in the graph for a while.
 */
export class InputChoice {
  #current: CameraInput;
  /** Inputs that have been offered continuously since the current one was chosen. */
  #known: readonly CameraInput[] = [];

  /** @param first the input to use while nothing is offered. */
  constructor(first: CameraInput) {
    this.#current = first;
  }

  get current(): CameraInput {
    return this.#current;
  }

  /** @returns whether the current input has changed. */
  update(offered: readonly CameraInput[], isSilent: boolean): boolean {
    const isKnown = (one: CameraInput): boolean => this.#known.some((other) => isSameInput(one, other));
    const isOffered = offered.some((one) => isSameInput(one, this.#current));
    // The current input is offered for the first time: note all inputs offered together with it.
    if (isOffered && !isKnown(this.#current)) {
      this.#known = offered;
      return false;
    }
    const next = isOffered ? (isSilent ? offered.find((one) => !isKnown(one)) : undefined) : offered[0];
    if (next === undefined) {
      // An input that disappeared counts as new when it is offered again.
      this.#known = offered.filter(isKnown);
      return false;
    }
    this.#current = next;
    this.#known = offered;
    return true;
  }
}
