import { DROP_CAUSES, type FrameCounts, zeroCounts } from './FrameAccounting.js';

/** Outcomes of the frames of the last seconds. */
export type RecentFrames = Omit<FrameCounts, 'inFlight'>;

/**
 * The difference between the current counts and those of `samples` samples ago, e.g. five samples a second apart. After
 * a reset of the counts, use a new instance.
 */
export class RecentCounts {
  readonly #samples: number;
  readonly #counts: FrameCounts[] = [];

  constructor(samples: number) {
    this.#samples = samples;
  }

  /** Adds the current counts. @returns the difference to `samples` samples ago, or to the beginning. */
  take(now: FrameCounts): RecentFrames {
    const before = this.#counts.length < this.#samples ? undefined : this.#counts[0];
    this.#counts.push(now);
    if (this.#counts.length > this.#samples) this.#counts.shift();
    return difference(now, before);
  }
}

function difference(now: FrameCounts, before: FrameCounts | undefined): RecentFrames {
  const dropped = zeroCounts(DROP_CAUSES);
  for (const cause of DROP_CAUSES) dropped[cause] = now.dropped[cause] - (before?.dropped[cause] ?? 0);
  return {
    received: now.received - (before?.received ?? 0),
    published: now.published - (before?.published ?? 0),
    dropped,
  };
}
