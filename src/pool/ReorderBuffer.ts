import { SourceQueues } from './SourceQueues.js';

interface Place<Item> {
  readonly item: Item;
  /** When it was completed, by the clock of the calls; undefined until then. */
  completedNs: number | undefined;
}

/**
 * Brings results back into the order in which the frames of each camera were handed to workers. A frame reserves its
 * place when a worker gets it; whatever becomes of it, `complete` frees the place, so that a failure holds nobody up
 * longer than it lasted. `expire` gives up the places that hold results back for too long.
 */
export class ReorderBuffer<Item extends { readonly source: string }> {
  /** No longer than the workers have slots, so that searching one takes no time. */
  readonly #places = new SourceQueues<Place<Item>>();
  readonly #deliver: (item: Item) => void;
  #size = 0;

  /** @param deliver called for each frame in order, inside {@link complete} and {@link expire}. */
  constructor(deliver: (item: Item) => void) {
    this.#deliver = deliver;
  }

  /** Frames that have a place: they were reserved and not delivered. */
  get size(): number {
    return this.#size;
  }

  /** The item takes its place; one that has a place keeps it. */
  reserve(item: Item): void {
    const { items } = this.#places.of(item.source);
    if (items.some((place) => place.item === item)) return;
    items.push({ item, completedNs: undefined });
    this.#size += 1;
  }

  /** Frees the item's place. @returns whether it had one; where not, it is delivered to nobody here. */
  complete(item: Item, nowNs: number): boolean {
    const places = this.#places.of(item.source).items;
    const place = places.find((each) => each.item === item);
    if (place === undefined) return false;
    place.completedNs = nowNs;
    this.#release(takeCompleted(places));
    return true;
  }

  /** When the first result was completed that an earlier frame of its camera still holds back; undefined for none. */
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
   * Delivers the results that have been held back since `heldSinceNs` or longer. The frames that held them back lose
   * their places: `overtaken` is called for each, before anything is delivered.
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
    // After the bookkeeping, so that a receiver may submit or close.
    for (const { item } of places) this.#deliver(item);
  }
}

/** Takes the completed places off the head. */
function takeCompleted<Item>(places: Place<Item>[]): Place<Item>[] {
  const incomplete = places.findIndex(({ completedNs }) => completedNs === undefined);
  return places.splice(0, incomplete < 0 ? places.length : incomplete);
}
