/** Items of one camera, in order. */
export interface SourceQueue<Item> {
  readonly source: string;
  readonly items: Item[];
}

/** Beyond this number empty queues are removed: with picture files every picture is a source. */
const RETAINED_QUEUES = 64;

/**
 * A queue of items per camera. Empty queues are retained: adding and removing an entry for each frame made V8 rebuild
 * the Map's table again and again, and the old tables kept the objects of newer ones alive for minutes.
 */
export class SourceQueues<Item> {
  readonly #queues = new Map<string, SourceQueue<Item>>();

  /** The queue of a source; a new source gets an empty one. */
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
