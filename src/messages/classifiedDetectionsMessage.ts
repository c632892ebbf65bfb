import { type RegionResult, type ResultChoice, regionClasses } from '../classify/RegionResult.js';
import { type ClassIdFormat, hypothesis } from './classificationMessage.js';
import type { DetectionMessage, DetectionsMessage } from './detectionsMessage.js';
import type { HeaderMessage } from './headerMessage.js';

/** The class of a box that could not be classified. */
export const UNKNOWN_CLASS = 'UNKNOWN';

/**
 * A detector's message with what its boxes were classified as: detections, ids and boxes as they came, in their order.
 *
 * @param header of the frame that was classified: its stamp, where the detector's differs.
 * @param regions one for each detection.
 */
export function classifiedDetectionsMessage(
  header: HeaderMessage,
  { detections }: DetectionsMessage,
  regions: readonly RegionResult[],
  options: {
    readonly classIdFormat: ClassIdFormat;
    /** What becomes of the detector's own, as the parameter `detections_hypotheses` spells it. */
    readonly hypotheses: 'replace' | 'append';
    readonly results: ResultChoice;
  },
): DetectionsMessage {
  const unknown = { class_id: UNKNOWN_CLASS, score: 0 };
  return {
    header,
    detections: detections.map((detection, index): DetectionMessage => {
      const region = regions[index];
      const classes = region && regionClasses(region, options.results);
      const own = classes?.map((result) => hypothesis(result, options.classIdFormat)) ?? [unknown];
      const results = own.map((one) => ({ hypothesis: one }));
      return {
        ...detection,
        results: options.hypotheses === 'append' ? [...detection.results, ...results] : results,
      };
    }),
  };
}
