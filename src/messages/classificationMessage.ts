import type { ClassResult } from '../classify/ClassResult.js';
import type { FrameHeader } from '../image/ImageFrame.js';
import { headerMessage } from './headerMessage.js';

/** Content of `class_id`; the values of the parameter `class_id_format`. */
export type ClassIdFormat = 'label' | 'index';

/** vision_msgs/msg/Classification for other ROS nodes: the header of the frame's image, the best class first. */
export function classificationMessage(
  header: FrameHeader,
  results: readonly ClassResult[],
  classIdFormat: ClassIdFormat,
) {
  return {
    header: headerMessage(header),
    results: results.map((result) => hypothesis(result, classIdFormat)),
  };
}

/** vision_msgs/msg/ObjectHypothesis */
export function hypothesis({ index, label, score }: ClassResult, classIdFormat: ClassIdFormat) {
  return { class_id: classIdFormat === 'label' ? label : String(index), score };
}

/** vision_msgs/msg/LabelInfo: the name of each class, by the id that `class_id` of a hypothesis holds as text. */
export function labelInfoMessage(header: object, labels: readonly string[], threshold: number): object {
  return {
    header,
    class_map: labels.map((label, index) => ({ class_id: index, class_name: label })),
    threshold,
  };
}
