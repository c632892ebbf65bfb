import type { ClassResult } from '../classify/ClassResult.js';
import type { FrameHeader } from '../image/ImageFrame.js';
import { type HeaderMessage, headerMessage } from './headerMessage.js';

/** vision_msgs/msg/Classification */
export interface ClassificationMessage {
  readonly header: HeaderMessage;
  readonly results: readonly { readonly class_id: string; readonly score: number }[];
}

/** Content of `class_id`; the values of the parameter `class_id_format`. */
export type ClassIdFormat = 'label' | 'index';

/** The results of a frame for other ROS nodes: the header of its image, the best class first. */
export function classificationMessage(
  header: FrameHeader,
  results: readonly ClassResult[],
  classIdFormat: ClassIdFormat,
): ClassificationMessage {
  return {
    header: headerMessage(header),
    results: results.map(({ index, label, score }) => ({
      class_id: classIdFormat === 'label' ? label : String(index),
      score,
    })),
  };
}
