import { type SourceLine, SourceLines } from './SourceLines.js';

/** What a full queue does with one frame too many. */
export const DROP_POLICIES = ['oldest', 'newest', 'block'] as const;

export type DropPolicy = (typeof DROP_POLICIES)[number];

/**
 * Under `block` an entrance waits for room before it submits. Several entrances that were told of the same
 * free place at once may each still submit: so many frames over the limit are taken before one is dropped.
 */
const BLOCK_OVERSHOOT = 16;

/**
 * Frames that wait for a worker: bounded over all cameras together, fair between them. Cameras are served in
 * turn, and what is dropped is always taken from the camera with the most frames waiting, so that a fast
 * camera cannot push a slow one out.
 */
export class FrameQueue<Item extends { readonly source: string }> {
  /** Cameras with waiting frames; the one that is served next stands first. */
  readonly #turns: SourceLine<Item>[] = [];
  readonly #lines = new SourceLines<Item>();
  #size = 0;
  #limit: number;
  #policy: DropPolicy;

  constructor(limit: number, policy: DropPolicy) {
    this.#limit = limit;
    this.#policy = policy;
  }

  get size(): number {
    return this.#size;
  }

  get hasRoom(): boolean {
    return this.#size < this.#limit;
  }

  /** Adds a frame. Returns the frame that had to leave for it, which may be this one; undefined where none. */
  push(item: Item): Item | undefined {
    const limit = this.#policy === 'block' ? this.#limit + BLOCK_OVERSHOOT : this.#limit;
    this.#append(item);
    return this.#size > limit ? this.#evict(item.source) : undefined;
  }

  /** Puts a frame back that was taken out, as the next of its camera; there is always room for it. */
  unshift(item: Item): void {
    const line = this.#lines.of(item.source);
    if (line.items.length === 0) this.#turns.push(line);
    line.items.unshift(item);
    this.#size += 1;
  }

  /** The next frame: the oldest of the camera whose turn it is. */
  shift(): Item | undefined {
    const line = this.#turns.shift();
    const item = line?.items.shift();
    if (line === undefined || item === undefined) return undefined;
    this.#size -= 1;
    if (line.items.length > 0) this.#turns.push(line);
    return item;
  }

  /** Changes the bound while frames wait. Returns those that no longer have room, in the order they leave. */
  configure(limit: number, policy: DropPolicy): Item[] {
    this.#limit = limit;
    this.#policy = policy;
    const evicted: Item[] = [];
    // Under `block` nothing is lost: the surplus drains while the entrances wait.
    while (policy !== 'block' && this.#size > limit) {
      const item = this.#evict();
      if (item === undefined) break;
      evicted.push(item);
    }
    return evicted;
  }

  /** Takes everything out, in the order of {@link shift}. */
  clear(): Item[] {
    const items: Item[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) items.push(item);
    return items;
  }

  #append(item: Item): void {
    const line = this.#lines.of(item.source);
    if (line.items.length === 0) this.#turns.push(line);
    line.items.push(item);
    this.#size += 1;
  }

  /** Removes one frame of the longest line; of several, of the camera that brought the frame too many. */
  #evict(preferredSource?: string): Item | undefined {
    let longest = preferredSource === undefined ? undefined : this.#lines.of(preferredSource);
    for (const line of this.#turns) {
      if (longest === undefined || line.items.length > longest.items.length) longest = line;
    }
    if (longest === undefined) return undefined;
    const item = this.#policy === 'oldest' ? longest.items.shift() : longest.items.pop();
    this.#size -= 1;
    if (longest.items.length === 0) this.#turns.splice(this.#turns.indexOf(longest), 1);
    return item;
  }
}
