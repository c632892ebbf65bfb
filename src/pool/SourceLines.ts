/** Items of one camera, in their order. */
export interface SourceLine<Item> {
  readonly source: string;
  readonly items: Item[];
}

/** Beyond so many, lines that are empty are forgotten: pictures may each be a source of their own. */
const KEPT_LINES = 64;

/**
 * A line of items for each camera. One that is empty stays, for its camera will send again: removing and adding an
 * entry for each frame had V8 rebuild the Map's table over and over, and old tables kept alive whatever the younger
 * ones held, for minutes.
 */
export class SourceLines<Item> {
  readonly #lines = new Map<string, SourceLine<Item>>();

  /** The line of a source, empty at first. */
  of(source: string): SourceLine<Item> {
    const known = this.#lines.get(source);
    if (known !== undefined) return known;
    if (this.#lines.size >= KEPT_LINES) this.#forgetEmpty();
    const line: SourceLine<Item> = { source, items: [] };
    this.#lines.set(source, line);
    return line;
  }

  #forgetEmpty(): void {
    for (const [source, { items }] of this.#lines) if (items.length === 0) this.#lines.delete(source);
  }
}
