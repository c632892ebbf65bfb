/** Items of one camera, in their order. */
export interface SourceQueue<Item> {
  readonly source: string;
  readonly items: Item[];
}

/** Beyond so many, empty queues are removed: pictures may each be a source of their own. */
const RETAINED_QUEUES = 64;

/**
 * A queue of items for each camera. An empty one is retained, for its camera will send again: removing and adding an
 * entry for each frame had V8 rebuild the Map's table over and over, and old tables kept alive whatever the younger
 * ones held, for minutes.
 */
export class SourceQueues<Item> {
  readonly #queues = new Map<string, SourceQueue<Item>>();

  /** The queue of a source, empty at first. */
  of(source: string): SourceQueue<Item> {
    const known = this.#queues.get(source);
    if (known !== undefined) return known;
    if (this.#queues.size >= RETAINED_QUEUES) this.#removeEmpty();
    const queue: SourceQueue<Item> = { source, items: [] };
    this.#queues.set(source, queue);
    return queue;
  }

  [Symbol.iterator](): Iterator<SourceQueue<Item>> {
    return this.#queues.values();
  }

  #removeEmpty(): void {
    for (const [source, { items }] of this.#queues) if (items.length === 0) this.#queues.delete(source);
  }
}
