import type { ClassifierOptions } from './classifierOptions.js';

/** Enough frames to keep the workers busy while the reader of a bag, which waits for capacity, does other work. */
const BLOCKING_SIZE = 4;

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
