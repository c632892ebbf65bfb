import { SourceLines } from './SourceLines.js';

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
  /** No longer than the workers have slots, so that searching one takes no time. */
  readonly #places = new SourceLines<Place<Item>>();
  readonly #deliver: (item: Item) => void;
  #size = 0;

  /** @param deliver called for each frame in order, inside {@link finish}. */
  constructor(deliver: (item: Item) => void) {
    this.#deliver = deliver;
  }

  /** Frames that were begun and not delivered. */
  get size(): number {
    return this.#size;
  }

  has(item: Item): boolean {
    return this.#placeOf(item) !== undefined;
  }

  /** The item takes its place; one that has a place keeps it. */
  begin(item: Item): void {
    if (this.has(item)) return;
    this.#places.of(item.source).items.push({ item, isFinished: false });
    this.#size += 1;
  }

  /** Frees the item's place. @returns whether it had one; where not, it is delivered to nobody here. */
  finish(item: Item): boolean {
    const place = this.#placeOf(item);
    if (place === undefined) return false;
    place.isFinished = true;
    const places = this.#places.of(item.source).items;
    const ready: Item[] = [];
    for (let head = places[0]; head?.isFinished; head = places[0]) {
      places.shift();
      ready.push(head.item);
    }
    this.#size -= ready.length;
    // After the bookkeeping, so that a receiver may submit or close.
    for (const each of ready) this.#deliver(each);
    return true;
  }

  #placeOf(item: Item): Place<Item> | undefined {
    return this.#places.of(item.source).items.find((place) => place.item === item);
  }
}
