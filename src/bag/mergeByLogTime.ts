import { type BagMessages, compareTimes, type RawBagMessage } from './BagFile.js';

/** A stream in log-time order; `startNs` is a lower bound, so that it can stay closed until it is needed. */
export interface LogTimeSource {
  readonly startNs: bigint | undefined;
  open(): BagMessages;
}

const BEFORE_ALL_NS = -(2n ** 63n);

interface ActiveStream {
  readonly stream: BagMessages;
  /** Position in the list of sources; breaks ties, so that the order is deterministic. */
  readonly rank: number;
  head: RawBagMessage;
}

/**
 * Merges streams into one in log-time order. A stream is opened when the merge reaches its start, so the consecutive
 * files of a long recording are open one at a time.
 *
 * @param isFull Whether no further stream may be opened while one is open; the order is no longer exact then.
 */
export async function* mergeByLogTime(
  sources: readonly LogTimeSource[],
  isFull: () => boolean = () => false,
): BagMessages {
  const waiting = sources
    .map((source, rank) => ({ source, rank }))
    // Streams without a start time are opened at once, since their first message decides.
    .sort(
      (a, b) =>
        compareTimes(a.source.startNs ?? BEFORE_ALL_NS, b.source.startNs ?? BEFORE_ALL_NS) || a.rank - b.rank,
    );
  const active: ActiveStream[] = [];
  try {
    for (;;) {
      let first = earliest(active);
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const { startNs } = next.source;
        if (first !== undefined && startNs !== undefined && startNs > first.head.logTimeNs) break;
        if (first !== undefined && isFull()) break;
        waiting.shift();
        const stream = next.source.open();
        const head = await stream.next();
        if (head.done !== true) active.push({ stream, rank: next.rank, head: head.value });
        first = earliest(active);
      }
      if (first === undefined) return;
      yield first.head;
      const following = await first.stream.next();
      if (following.done === true) active.splice(active.indexOf(first), 1);
      else first.head = following.value;
    }
  } finally {
    for (const { stream } of active) await stream.return();
  }
}

/** The first in the order of their messages and, for equal times, of the sources. */
function earliest(active: readonly ActiveStream[]): ActiveStream | undefined {
  let best = active[0];
  for (const stream of active) {
    if (best === undefined) break;
    if ((compareTimes(stream.head.logTimeNs, best.head.logTimeNs) || stream.rank - best.rank) < 0)
      best = stream;
  }
  return best;
}
