import type { ClassifierOptions } from './classifierOptions.js';

/** What keeps the workers busy while the reader of a bag, which waits for capacity, is elsewhere. */
const BLOCKING_SIZE = 4;

/**
 * How many frames may wait for a worker. Of a live camera one: the newest, so that a result is never older than it
 * must be, while a worker that becomes free still finds a frame. All cameras may send at the same moment, and the
 * queue is fair between them, so there is one place for each; and as many as the frames of one task.
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
