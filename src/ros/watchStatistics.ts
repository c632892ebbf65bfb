import { once } from 'node:events';
import { EffvitError } from '../core/EffvitError.js';
import type { PipelineStatisticsMessage } from '../messages/pipelineStatisticsMessage.js';
import { guardedSubscription } from './rcl/CallbackGuard.js';
import { keepLastQos, type RclModule, type RclNode } from './rcl/rcl.js';
import { loadRcl } from './rcl/rosEnvironment.js';

const DEPTH = 5;

export interface WatchStatisticsOptions {
  /** Fully qualified, e.g. `/classifier/statistics`. */
  readonly topic: string;
  /** Stops watching, without an error. */
  readonly signal: AbortSignal;
  /** The longest wait for the first message. */
  readonly waitMs: number;
  readonly onMessage: (message: PipelineStatisticsMessage) => void;
  /** Starts further subscriptions to the node. @returns function that ends them. */
  readonly alongside?: (rcl: RclModule, node: RclNode) => () => void;
}

/**
 * Passes on the messages of a classifier node's ~/statistics until the signal is aborted.
 *
 * @throws EffvitError ROS_UNAVAILABLE; NOT_FOUND if no message arrived in time.
 */
export async function watchStatistics(
  rosArguments: readonly string[],
  { topic, signal, waitMs, onMessage, alongside }: WatchStatisticsOptions,
): Promise<void> {
  const rcl = await loadRcl();
  await rcl.init(undefined, ['effvit_top', ...rosArguments]);
  const node = new rcl.Node(`effvit_top_${process.pid}`);
  let endAlongside: (() => void) | undefined;
  try {
    endAlongside = alongside?.(rcl, node);
    let isHeard = false;
    const qos = keepLastQos(rcl, DEPTH, 'bestEffort');
    guardedSubscription<PipelineStatisticsMessage>(
      node,
      'effvit/msg/PipelineStatistics',
      topic,
      { qos },
      (message) => {
        isHeard = true;
        if (!signal.aborted) onMessage(message);
      },
    );
    node.spin();
    if (signal.aborted) return;
    const silence = new AbortController();
    const limit = setTimeout(() => {
      if (!isHeard) silence.abort();
    }, waitMs);
    try {
      await once(AbortSignal.any([signal, silence.signal]), 'abort');
    } finally {
      clearTimeout(limit);
    }
    if (silence.signal.aborted && !signal.aborted) {
      throw new EffvitError(
        'NOT_FOUND',
        `Nothing came on ${topic} within ${waitMs / 1000} s: is the node active, and is it the name of one that \`ros2 node list\` shows?`,
        { context: { topic } },
      );
    }
  } finally {
    endAlongside?.();
    node.stop();
    node.destroy();
    rcl.shutdown();
  }
}
