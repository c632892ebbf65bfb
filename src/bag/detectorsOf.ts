import { detectionTopics } from '../classify/detectionTopics.js';
import type { BagReader } from './BagReader.js';

const OPTIONS = { images: '--topic', detections: '--detections-topics' };

/**
 * The topic of the detector of each camera of a recording that has one.
 *
 * @param topics of the detectors: one for all cameras or one for each; undefined: whole frames are classified.
 * @throws EffvitError BAD_CONFIG, NOT_FOUND
 */
export function detectorsOf(
  bag: Pick<BagReader, 'detectionTopic'>,
  cameras: readonly string[],
  topics: readonly string[] | undefined,
): Map<string, string> {
  if (topics === undefined) return new Map();
  const detectors = detectionTopics({ image_topics: cameras, detections_topics: topics }, OPTIONS);
  return new Map(
    cameras.flatMap((camera, index) => {
      const detector = detectors[index];
      return detector === undefined ? [] : [[camera, bag.detectionTopic(detector).name] as const];
    }),
  );
}
