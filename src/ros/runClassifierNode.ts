import { once } from 'node:events';
import { asEffvitError } from '../core/EffvitError.js';
import { ClassifierNode, type ClassifierNodeOptions } from './ClassifierNode.js';
import { refuseEmptyLists } from './parameters/refuseEmptyLists.js';
import { loadRcl } from './rcl/rosEnvironment.js';

/**
 * Runs the node until `signal` is aborted, then drains it and removes it from the graph. Calling only process.exit
 * crashed in the middleware.
 *
 * @param options `isAutostarted`: configure and activate immediately, without a lifecycle manager; a failure ends the
 *   run.
 * @param rosArguments as passed by `ros2 run` and launch: `--ros-args -r __node:=... --params-file ...`.
 * @throws EffvitError ROS_UNAVAILABLE, BAD_CONFIG
 */
export async function runClassifierNode(
  rosArguments: readonly string[],
  signal: AbortSignal,
  options: ClassifierNodeOptions & { readonly isAutostarted?: boolean },
): Promise<void> {
  const rcl = await loadRcl();
  await rcl.init(undefined, ['classifier_node', ...rosArguments]);
  try {
    const node = new ClassifierNode(rcl, options);
    try {
      refuseEmptyLists(rosArguments, node.fullName);
      if (options.isAutostarted === true) await activate(node, signal);
      else node.logUnconfigured();
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      await node.destroy();
    }
  } finally {
    rcl.shutdown();
  }
}

async function activate({ lifecycle }: ClassifierNode, signal: AbortSignal): Promise<void> {
  for (const label of ['configure', 'activate']) {
    if (signal.aborted) return;
    const { isSuccess, error } = await lifecycle.request({ id: 0, label });
    if (!isSuccess && !signal.aborted) throw asEffvitError(error);
  }
}
