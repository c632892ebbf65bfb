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
