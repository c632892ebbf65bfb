import type { RawBagMessage } from './RawBagMessage.js';

/** A stream in log-time order; `startNs` is a lower bound, so that it can stay closed until it is needed. */
export interface LogTimeSource {
  readonly startNs: bigint | undefined;
  open(): AsyncGenerator<RawBagMessage, void, undefined>;
}

interface ActiveStream {
  readonly stream: AsyncGenerator<RawBagMessage, void, undefined>;
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
): AsyncGenerator<RawBagMessage, void, undefined> {
  const waiting = sources
    .map((source, rank) => ({ source, rank }))
    // Streams without a start time are opened at once, since their first message decides.
    .sort((a, b) => compareStarts(a.source.startNs, b.source.startNs) || a.rank - b.rank);
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

function compareStarts(a: bigint | undefined, b: bigint | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  return a < b ? -1 : 1;
}

function earliest(active: readonly ActiveStream[]): ActiveStream | undefined {
  let best: ActiveStream | undefined;
  for (const stream of active) {
    if (
      best === undefined ||
      stream.head.logTimeNs < best.head.logTimeNs ||
      (stream.head.logTimeNs === best.head.logTimeNs && stream.rank < best.rank)
    ) {
      best = stream;
    }
  }
  return best;
}
