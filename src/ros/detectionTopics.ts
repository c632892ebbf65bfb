import { EffvitError } from '../core/EffvitError.js';
import type { NodeParameterValues } from './parameters/parameterTable.js';

type DetectionParameters = Pick<NodeParameterValues, 'image_topics' | 'detections_topics'>;

/**
 * The detector topic of each camera, in the order of `image_topics`; undefined if the camera's whole frames are
 * classified.
 *
 * @throws EffvitError BAD_CONFIG if the number of topics is neither one nor the number of cameras.
 */
export function detectionTopics(parameters: DetectionParameters): (string | undefined)[] {
  const { image_topics: cameras, detections_topics: topics } = parameters;
  if (topics.length !== 1 && topics.length !== cameras.length) {
    throw new EffvitError(
      'BAD_CONFIG',
      `detections_topics has ${topics.length} topics for the ${cameras.length} of image_topics: give one for all of them, or one for each, an empty one for a camera without a detector.`,
      { context: { parameter: 'detections_topics' } },
    );
  }
  return cameras.map((_, index) => (topics.length === 1 ? topics[0] : topics[index]) || undefined);
}

/** Whether boxes are classified for any camera. */
export function hasDetections(parameters: DetectionParameters): boolean {
  return detectionTopics(parameters).some((topic) => topic !== undefined);
}
