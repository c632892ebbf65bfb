interface Place<Item> {
  readonly item: Item;
  isFinished: boolean;
}

/**
 * Brings results back into the order in which the frames of each camera were handed to workers. A frame takes
 * its place when a worker gets it; whatever becomes of it, `finish` frees the place, so that a failure holds
 * nobody up longer than it lasted.
 */
export class ResultOrder<Item extends { readonly source: string }> {
  readonly #places = new Map<string, Place<Item>[]>();
  readonly #placeOf = new Map<Item, Place<Item>>();
  readonly #deliver: (item: Item) => void;

  /** @param deliver called for each frame in order, inside {@link finish}. */
  constructor(deliver: (item: Item) => void) {
    this.#deliver = deliver;
  }

  /** Frames that were begun and not delivered. */
  get size(): number {
    return this.#placeOf.size;
  }

  has(item: Item): boolean {
    return this.#placeOf.has(item);
  }

  /** The item takes its place; one that has a place keeps it. */
  begin(item: Item): void {
    if (this.has(item)) return;
    const place: Place<Item> = { item, isFinished: false };
    this.#placeOf.set(item, place);
    const places = this.#places.get(item.source);
    if (places === undefined) this.#places.set(item.source, [place]);
    else places.push(place);
  }

  finish(item: Item): void {
    const place = this.#placeOf.get(item);
    const places = this.#places.get(item.source);
    if (place === undefined || places === undefined) return;
    place.isFinished = true;
    const ready: Item[] = [];
    for (let head = places[0]; head?.isFinished; head = places[0]) {
      places.shift();
      this.#placeOf.delete(head.item);
      ready.push(head.item);
    }
    if (places.length === 0) this.#places.delete(item.source);
    // After the bookkeeping, so that a receiver may submit or close.
    for (const each of ready) this.#deliver(each);
  }
}
