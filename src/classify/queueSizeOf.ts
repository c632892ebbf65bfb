import type { Parameters } from '../core/parameters.js';

/** What keeps the workers busy while the reader of a bag, which waits for room, is elsewhere. */
const BLOCKING_SIZE = 4;

/**
 * How many frames may wait for a worker. Of a live camera one: the newest, so that a result is never older than it
 * must be, while a worker that becomes free still finds a frame. `image_topics` cameras may send at the same moment,
 * and the queue is fair between them, so there is one place for each.
 */
export function queueSizeOf({
  queue_size,
  drop_policy,
  image_topics,
}: Pick<Parameters, 'queue_size' | 'drop_policy' | 'image_topics'>): number {
  if (queue_size > 0) return queue_size;
  return drop_policy === 'block' ? BLOCKING_SIZE : Math.max(1, image_topics.length);
}
