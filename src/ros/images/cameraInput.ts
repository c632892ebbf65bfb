import { HBM_DATA_BYTES } from '../../image/hbmImageFrame.js';
import { VIDEO_PARSERS } from '../../video/messages/parseVideoCdr.js';

export const IMAGE_TYPE = 'sensor_msgs/msg/Image';
export const COMPRESSED_IMAGE_TYPE = 'sensor_msgs/msg/CompressedImage';

const SUFFIX = '/compressed';

/** Every type that a camera's topic may carry, the dearest to a node last: a picture has to be decoded, and of a video all. */
export const IMAGE_TYPES: readonly string[] = [
  IMAGE_TYPE,
  ...Object.keys(HBM_DATA_BYTES).reverse(),
  COMPRESSED_IMAGE_TYPE,
  ...VIDEO_PARSERS.keys(),
];

/** Where a camera is listened to: a topic, fully qualified, and the type of its messages. */
export interface CameraInput {
  readonly topic: string;
  readonly type: string;
}

export function isSameInput(a: CameraInput, b: CameraInput): boolean {
  return a.topic === b.topic && a.type === b.type;
}

/** The topic of compressed images beside a camera's own; as image_transport names it, and not named twice. */
export function compressedTopic(topic: string): string {
  return topic.endsWith(SUFFIX) ? topic : `${topic}${SUFFIX}`;
}

/**
 * A camera's name, as its frames carry it: remappings are of the camera's topic, and the transport comes after, as
 * image_transport does it.
 *
 * @param name as the parameter image_topics has it. @param resolve the node's own names to those of the graph.
 */
export function cameraTopic(name: string, transport: string, resolve: (name: string) => string): string {
  const own = resolve(name);
  return transport === 'compressed' ? resolve(compressedTopic(own)) : own;
}

/**
 * What is offered of a camera, best first: what its own topic carries, then compressed images beside it.
 *
 * @param typesOn the types that publishers of a topic announce.
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
