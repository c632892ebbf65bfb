import { EffvitError } from '../core/EffvitError.js';

/** The cameras and the detectors, as the node's parameters name them. */
interface DetectionParameters {
  readonly image_topics: readonly string[];
  readonly detections_topics: readonly string[];
}

const PARAMETERS = { images: 'image_topics', detections: 'detections_topics' };

/**
 * The detector topic of each camera, in the order of `image_topics`; undefined if the camera's whole frames are
 * classified.
 *
 * @param names of the two lists, for the error.
 * @throws EffvitError BAD_CONFIG if the number of topics is neither one nor the number of cameras.
 */
export function detectionTopics(parameters: DetectionParameters, names = PARAMETERS): (string | undefined)[] {
  const { image_topics: cameras, detections_topics: topics } = parameters;
  if (topics.length !== 1 && topics.length !== cameras.length) {
    throw new EffvitError(
      'BAD_CONFIG',
      `${names.detections} has ${topics.length} topics for the ${cameras.length} of ${names.images}: give one for all of them, or one for each, an empty one for a camera without a detector.`,
      { context: { parameter: names.detections } },
    );
  }
  return cameras.map((_, index) => (topics.length === 1 ? topics[0] : topics[index]) || undefined);
}

/** Whether boxes are classified for any camera. */
export function hasDetections(parameters: DetectionParameters): boolean {
  return detectionTopics(parameters).some((topic) => topic !== undefined);
}
