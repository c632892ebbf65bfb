import { once } from 'node:events';
import { ClassifierNode, type ClassifierNodeOptions } from './ClassifierNode.js';
import { loadRcl } from './rosEnvironment.js';

/**
 * Runs the node until `signal` is aborted; then drains what was begun and leaves the graph in order. Leaving by
 * process.exit alone has crashed in the middleware.
 *
 * @param rosArguments as `ros2 run` and launch give them: `--ros-args -r __node:=... --params-file ...`.
 * @throws EffvitError ROS_UNAVAILABLE, BAD_CONFIG
 */
export async function runClassifierNode(
  rosArguments: readonly string[],
  signal: AbortSignal,
  options: ClassifierNodeOptions,
): Promise<void> {
  const rcl = await loadRcl();
  await rcl.init(undefined, ['classifier_node', ...rosArguments]);
  try {
    const node = new ClassifierNode(rcl, options);
    if (!signal.aborted) await once(signal, 'abort');
    await node.destroy();
  } finally {
    rcl.shutdown();
  }
}
