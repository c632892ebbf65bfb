interface Cause {
  readonly source: string;
  readonly message: string;
  count: number;
}

/** Limits the memory that ever new causes would use. */
const MOST_CAUSES = 50;

/** Collects frames that could not be read, to report each cause once instead of each frame. */
export class UnreadableFrames {
  readonly #causes = new Map<string, Cause>();
  #others = 0;

  /** @param message of the frame's error. @returns whether it is the first of its source and cause. */
  add(source: string, message: string): boolean {
    // Numbers such as sizes and times differ between frames with the same cause.
    const key = `${source}\n${message.replace(/\d+/g, '#')}`;
    const known = this.#causes.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#causes.size < MOST_CAUSES) this.#causes.set(key, { source, message, count: 1 });
    else this.#others += 1;
    return known === undefined;
  }

  sentences(): string[] {
    const sentences = [...this.#causes.values()].map(({ source, message, count }) =>
      count === 1 ? message : `${count} frames of ${source} could not be read, the first since: ${message}`,
    );
    if (this.#others > 0) sentences.push(`${this.#others} more frames could not be read for other reasons.`);
    return sentences;
  }
}
