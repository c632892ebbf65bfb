// Prints what the classifier sees. In a package that has rclnodejs installed, with ROS sourced:
//   npx tsx classificationListener.ts
import rclnodejs from 'rclnodejs';

/** vision_msgs/msg/Classification */
interface Classification {
  readonly header: {
    readonly stamp: { readonly sec: number; readonly nanosec: number };
    readonly frame_id: string;
  };
  readonly results: readonly { readonly class_id: string; readonly score: number }[];
}

/** vision_msgs/msg/LabelInfo */
interface LabelInfo {
  readonly class_map: readonly { readonly class_id: number; readonly class_name: string }[];
}

const { HistoryPolicy, ReliabilityPolicy, DurabilityPolicy } = rclnodejs.QoS;
const latched = new rclnodejs.QoS(
  HistoryPolicy.RMW_QOS_POLICY_HISTORY_KEEP_LAST,
  1,
  ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_RELIABLE,
  DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL,
);

await rclnodejs.init();
const node = new rclnodejs.Node('classification_listener');
const names = new Map<string, string>();
node.createSubscription('vision_msgs/msg/LabelInfo', 'label_info', { qos: latched }, (message: unknown) => {
  for (const label of (message as LabelInfo).class_map) names.set(String(label.class_id), label.class_name);
});
node.createSubscription('vision_msgs/msg/Classification', 'classification', (message: unknown) => {
  const { header, results } = message as Classification;
  const [best] = results;
  // Empty where every score was below score_threshold.
  if (best === undefined) return;
  const { sec, nanosec } = header.stamp;
  const name = names.get(best.class_id) ?? best.class_id;
  console.log(`${sec}.${String(nanosec).padStart(9, '0')} ${name} ${best.score.toFixed(3)}`);
});
node.spin();

rclnodejs.removeSignalHandlers();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    node.stop();
    node.destroy();
    rclnodejs.shutdown();
  });
}
