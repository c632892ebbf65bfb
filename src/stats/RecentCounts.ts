import { DROP_CAUSES, type DropCause, type DropCounts, type FrameCounts } from './FrameAccounting.js';

/** What became of the frames of the last seconds. */
export type RecentFrames = Omit<FrameCounts, 'inFlight'>;

/**
 * The difference between the counts now and those of `looks` looks ago, e.g. five of one second each. Counts that
 * were reset need a new one.
 */
export class RecentCounts {
  readonly #looks: number;
  readonly #counts: FrameCounts[] = [];

  constructor(looks: number) {
    this.#looks = looks;
  }

  /** Adds the counts as they are now. @returns what happened since that look, or since the beginning. */
  take(now: FrameCounts): RecentFrames {
    const before = this.#counts.length < this.#looks ? undefined : this.#counts[0];
    this.#counts.push(now);
    if (this.#counts.length > this.#looks) this.#counts.shift();
    return difference(now, before);
  }
}

function difference(now: FrameCounts, before: FrameCounts | undefined): RecentFrames {
  const dropped: Partial<Record<DropCause, number>> = {};
  for (const cause of DROP_CAUSES) dropped[cause] = now.dropped[cause] - (before?.dropped[cause] ?? 0);
  return {
    received: now.received - (before?.received ?? 0),
    published: now.published - (before?.published ?? 0),
    dropped: dropped as DropCounts,
  };
}
