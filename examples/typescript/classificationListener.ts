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

await rclnodejs.init();
const node = new rclnodejs.Node('classification_listener');
node.createSubscription('vision_msgs/msg/Classification', 'classification', (message: unknown) => {
  const { header, results } = message as Classification;
  const [best] = results;
  // Empty where every score was below score_threshold.
  if (best === undefined) return;
  const { sec, nanosec } = header.stamp;
  console.log(`${sec}.${String(nanosec).padStart(9, '0')} ${best.class_id} ${best.score.toFixed(3)}`);
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
