interface Cause {
  readonly source: string;
  readonly message: string;
  count: number;
}

/** So that a stream of ever new causes does not fill the memory. */
const MOST_CAUSES = 50;

/** Frames that were no pictures, so that one sentence tells of each cause, not one of each frame. */
export class UnreadableFrames {
  readonly #causes = new Map<string, Cause>();
  #others = 0;

  /** @param message why, as the frame's error says it. @returns whether it is the first of its source and cause. */
  add(source: string, message: string): boolean {
    // Sizes and times differ from frame to frame where the cause does not.
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
