import { type SourceQueue, SourceQueues } from './SourceQueues.js';

/** What a full queue does with one frame too many. */
export const DROP_POLICIES = ['oldest', 'newest', 'block'] as const;

export type DropPolicy = (typeof DROP_POLICIES)[number];

/**
 * Under `block` a producer waits for capacity before it submits. Several producers may be notified of the same free
 * place and each submit a frame: the queue accepts this many frames over its capacity before it drops one.
 */
const BLOCK_OVERSHOOT = 16;

/**
 * Frames that wait for a worker. The bound is shared by all cameras. Cameras are served round-robin, and frames are
 * dropped from the camera with the most frames waiting, so that a fast camera cannot displace a slow one.
 */
export class FrameQueue<Item extends { readonly source: string }> {
  /** Cameras with waiting frames; the first one is served next. */
  readonly #turns: SourceQueue<Item>[] = [];
  readonly #queues = new SourceQueues<Item>();
  #size = 0;
  #capacity: number;
  #policy: DropPolicy;

  constructor(capacity: number, policy: DropPolicy) {
    this.#capacity = capacity;
    this.#policy = policy;
  }

  get size(): number {
    return this.#size;
  }

  get hasCapacity(): boolean {
    return this.#size < this.#capacity;
  }

  /** Adds a frame. Returns the frame dropped for it, which may be this one; undefined if none was dropped. */
  push(item: Item): Item | undefined {
    const capacity = this.#policy === 'block' ? this.#capacity + BLOCK_OVERSHOOT : this.#capacity;
    this.#queueFor(item).push(item);
    return this.#size > capacity ? this.#evict(item.source) : undefined;
  }

  /** Puts a frame back as the next one of its camera, regardless of the capacity. */
  unshift(item: Item): void {
    this.#queueFor(item).unshift(item);
  }

  /** Removes the next frame: the oldest of the camera that is served next. */
  shift(): Item | undefined {
    const queue = this.#turns.shift();
    const item = queue?.items.shift();
    if (queue === undefined || item === undefined) return undefined;
    this.#size -= 1;
    if (queue.items.length > 0) this.#turns.push(queue);
    return item;
  }

  /** Changes the capacity while frames wait. Returns the frames dropped for it, in the order of dropping. */
  configure(capacity: number, policy: DropPolicy): Item[] {
    this.#capacity = capacity;
    this.#policy = policy;
    const evicted: Item[] = [];
    // Under `block` nothing is dropped: the surplus drains while the producers wait.
    while (policy !== 'block' && this.#size > capacity) {
      const item = this.#evict();
      if (item === undefined) break;
      evicted.push(item);
    }
    return evicted;
  }

  /** Removes all frames, in the order of {@link shift}. */
  clear(): Item[] {
    const items: Item[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) items.push(item);
    return items;
  }

  /** The items of the camera, which gets one more. */
  #queueFor({ source }: Item): Item[] {
    const queue = this.#queues.of(source);
    if (queue.items.length === 0) this.#turns.push(queue);
    this.#size += 1;
    return queue.items;
  }

  /** Removes one frame of the longest queue. Of equally long queues, that of `preferredSource` is chosen. */
  #evict(preferredSource?: string): Item | undefined {
    let longest = preferredSource === undefined ? undefined : this.#queues.of(preferredSource);
    for (const queue of this.#turns) {
      if (longest === undefined || queue.items.length > longest.items.length) longest = queue;
    }
    if (longest === undefined) return undefined;
    const item = this.#policy === 'oldest' ? longest.items.shift() : longest.items.pop();
    this.#size -= 1;
    if (longest.items.length === 0) this.#turns.splice(this.#turns.indexOf(longest), 1);
    return item;
  }
}
