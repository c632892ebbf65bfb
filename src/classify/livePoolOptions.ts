import { type LoadedModelInfo, largestBatchOf } from '../inference/InferenceBackend.js';
import type { DropPolicy } from '../pool/FrameQueue.js';
import type { LivePoolOptions } from '../pool/PoolOptions.js';
import type { ClassifierOptions } from './classifierOptions.js';

/** Enough frames to keep the workers busy while the reader of a bag, which waits for capacity, does other work. */
const BLOCKING_SIZE = 4;
/** Depth of a reader whose frames are taken on arrival: enough for a short burst. */
export const BURST_DEPTH = 5;

/**
 * The pool's options.
 *
 * @param sourceCount cameras that send frames, from 1.
 * @param info of the model, once it is loaded: the queue needs places for its batches.
 */
export function livePoolOptions(
  options: ClassifierOptions,
  sourceCount: number,
  info?: LoadedModelInfo,
): LivePoolOptions {
  const { dropPolicy, maxAgeMs, orderTimeoutMs, maxBatch, batchWaitMs } = options;
  const modelBatch = info === undefined ? 1 : largestBatchOf(info);
  const largestBatch = maxBatch === 0 ? modelBatch : Math.min(maxBatch, modelBatch);
  const queueSize = queueSizeOf(options, sourceCount, largestBatch);
  return { queueSize, dropPolicy, maxAgeMs, orderTimeoutMs, maxBatch, batchWaitMs };
}

/**
 * How many frames may wait for a worker. One per live camera, the newest: results are then as recent as possible, and a
 * worker that becomes free still finds a frame. All cameras may send at the same moment and the queue is fair between
 * them, so each has one place. The queue also holds at least the frames of one task.
 *
 * @param sourceCount cameras that send frames, from 1
 * @param largestBatch frames that one task computes together, from 1
 */
export function queueSizeOf(
  { queueSize, dropPolicy }: Pick<ClassifierOptions, 'queueSize' | 'dropPolicy'>,
  sourceCount: number,
  largestBatch: number,
): number {
  if (queueSize > 0) return queueSize;
  return Math.max(dropPolicy === 'block' ? BLOCKING_SIZE : sourceCount, largestBatch);
}

/**
 * How many frames of a camera may wait in the middleware's reader, which keeps the newest. Under the policy `oldest`
 * the reader is the queue and gets the camera's share of the capacity. Under other policies waiting frames are not
 * replaced, so frames are taken on arrival.
 *
 * @param queueSize frames that may wait over all cameras together, from 1. @param cameraCount from 1.
 */
export function readerDepth(dropPolicy: DropPolicy, queueSize: number, cameraCount: number): number {
  return dropPolicy === 'oldest' ? Math.ceil(queueSize / cameraCount) : BURST_DEPTH;
}
