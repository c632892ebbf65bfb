import { setTimeout as sleep } from 'node:timers/promises';
import { EffvitError } from '../core/EffvitError.js';
import { PlaybackClock } from './PlaybackClock.js';

export interface PaceOptions {
  /** Speed: 1 is the recording's own, 2 twice as fast, `max` without waiting. Default 1. */
  readonly rate?: number | 'max';
  /** Restarts at the end, until it is aborted. Default false. */
  readonly loop?: boolean;
  /** Ends the iteration, also during a wait; it then returns without an error. */
  readonly signal?: AbortSignal;
  /** Restarted with each pass; it must have the same rate. While it is paused no message is yielded. */
  readonly clock?: PlaybackClock;
  /** Waits for about this time, or until aborted; for tests and virtual time. */
  readonly wait?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** Timers overflow at 2^31 ms, so longer waits are split. */
const LONGEST_WAIT_MS = 60_000;

/**
 * Yields recorded messages at their recorded times. Each due time is computed from the first message, so errors of
 * waits do not accumulate. If the consumer is slow, the next message is yielded at once, and later ones keep their own
 * times.
 *
 * @param open Returns the messages in log-time order; called once per pass.
 * @throws EffvitError BAD_ARGUMENT: the rate is no positive number
 */
export async function* paceMessages<Message extends { readonly logTimeNs: bigint }>(
  open: () => AsyncIterable<Message>,
  options: PaceOptions = {},
): AsyncGenerator<Message, void, undefined> {
  const { rate = 1, loop = false, signal, clock = new PlaybackClock(), wait = abortableSleep } = options;
  if (rate !== 'max' && !(Number.isFinite(rate) && rate > 0)) {
    throw new EffvitError('BAD_ARGUMENT', `Expected a rate above 0, or max, but received ${rate}.`);
  }
  for (let isFirst = true; isFirst || loop; isFirst = false) {
    let firstNs: bigint | undefined;
    let startedNs = 0n;
    for await (const message of open()) {
      if (isAborted(signal)) return;
      if (firstNs === undefined) {
        firstNs = message.logTimeNs;
        // The clock starts first, so that no message is ahead of it.
        clock.begin(firstNs);
        startedNs = clock.playedNs;
      }
      const spanNs = rate === 'max' ? 0n : scaled(message.logTimeNs - firstNs, rate);
      for (;;) {
        await clock.resumed(signal);
        if (isAborted(signal)) return;
        const leftMs = rate === 'max' ? 0 : Number(startedNs + spanNs - clock.playedNs) / 1e6;
        if (leftMs <= 0) break;
        await wait(Math.min(leftMs, LONGEST_WAIT_MS), signal);
      }
      yield message;
    }
    // An empty recording would restart endlessly.
    if (firstNs === undefined) return;
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function scaled(spanNs: bigint, rate: number): bigint {
  return rate === 1 ? spanNs : BigInt(Math.round(Number(spanNs) / rate));
}

async function abortableSleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    if (!isAborted(signal)) throw error;
  }
}
