import { SourceQueues } from './SourceQueues.js';

interface Place<Item> {
  readonly item: Item;
  /** Time of completion, by the caller's clock; undefined until then. */
  completedNs: number | undefined;
}

/**
 * Restores the order in which the frames of each camera were handed to workers. A frame reserves its place when a
 * worker receives it. `complete` frees the place for results and failures alike, so that a failed frame does not hold
 * back later ones. `expire` removes places that hold results back for too long.
 */
export class ReorderBuffer<Item extends { readonly source: string }> {
  /** At most as long as the workers have slots, so a linear search is fast. */
  readonly #places = new SourceQueues<Place<Item>>();
  readonly #deliver: (item: Item) => void;
  #size = 0;

  /** @param deliver called for each frame in order, inside {@link complete} and {@link expire}. */
  constructor(deliver: (item: Item) => void) {
    this.#deliver = deliver;
  }

  /** Number of frames with a place: reserved and not delivered. */
  get size(): number {
    return this.#size;
  }

  /** Reserves a place for the item; an item that has one keeps it. */
  reserve(item: Item): void {
    const { items } = this.#places.of(item.source);
    if (items.some((place) => place.item === item)) return;
    items.push({ item, completedNs: undefined });
    this.#size += 1;
  }

  /** Frees the item's place. @returns whether it had one; an item without a place is not delivered. */
  complete(item: Item, nowNs: number): boolean {
    const places = this.#places.of(item.source).items;
    const place = places.find((each) => each.item === item);
    if (place === undefined) return false;
    place.completedNs = nowNs;
    this.#release(takeCompleted(places));
    return true;
  }

  /** Completion time of the oldest result that an earlier frame of its camera holds back; undefined for none. */
  get oldestHeldNs(): number | undefined {
    let oldest: number | undefined;
    for (const { items } of this.#places) {
      for (const { completedNs } of items) {
        if (completedNs !== undefined && completedNs < (oldest ?? Number.POSITIVE_INFINITY))
          oldest = completedNs;
      }
    }
    return oldest;
  }

  /**
   * Delivers the results that have been held back since `heldSinceNs` or earlier. The frames that held them back lose
   * their places: `overtaken` is called for each of these frames before the results are delivered.
   */
  expire(heldSinceNs: number, overtaken: (item: Item) => void): void {
    for (const { items } of this.#places) {
      const last = items.findLastIndex(
        ({ completedNs }) => (completedNs ?? Number.POSITIVE_INFINITY) <= heldSinceNs,
      );
      if (last < 0) continue;
      const ready = items.splice(0, last + 1);
      const late = ready.filter(({ completedNs }) => completedNs === undefined);
      this.#size -= late.length;
      for (const { item } of late) overtaken(item);
      this.#release(
        ready.filter(({ completedNs }) => completedNs !== undefined).concat(takeCompleted(items)),
      );
    }
  }

  #release(places: readonly Place<Item>[]): void {
    this.#size -= places.length;
    // Last, because a receiver may submit frames or close the pool.
    for (const { item } of places) this.#deliver(item);
  }
}

/** Removes the completed places at the head. */
function takeCompleted<Item>(places: Place<Item>[]): Place<Item>[] {
  const incomplete = places.findIndex(({ completedNs }) => completedNs === undefined);
  return places.splice(0, incomplete < 0 ? places.length : incomplete);
}
