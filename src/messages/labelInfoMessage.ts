/** vision_msgs/msg/LabelInfo: the name of each class, by the id that `class_id` of a hypothesis holds as text. */
export function labelInfoMessage(header: object, labels: readonly string[], threshold: number): object {
  return {
    header,
    class_map: labels.map((label, index) => ({ class_id: index, class_name: label })),
    threshold,
  };
}
