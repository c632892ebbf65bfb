import { setTimeout as sleep } from 'node:timers/promises';
import { EffvitError } from '../core/EffvitError.js';
import type { PauseGate } from './PauseGate.js';
import type { PlaybackClock } from './PlaybackClock.js';

export interface PaceOptions {
  /** Speed: 1 is the recording's own, 2 twice as fast, `max` without waiting. Default 1. */
  readonly rate?: number | 'max';
  /** Restarts at the end, until it is aborted. Default false. */
  readonly loop?: boolean;
  /** Ends the iteration, also during a wait; it then returns without an error. */
  readonly signal?: AbortSignal;
  /** While it is paused no message is yielded; the pause does not count as lateness. */
  readonly gate?: PauseGate;
  /** Restarted with each pass; it must have the same rate and gate. */
  readonly clock?: Pick<PlaybackClock, 'begin'>;
  /** Now, in nanoseconds, monotonic; for tests. */
  readonly nowNs?: () => bigint;
  /** Waits for about this time, or until aborted; for tests. */
  readonly wait?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** A message with its lateness. */
export interface PacedMessage<Message> {
  readonly message: Message;
  /** Delay after its due time, nanoseconds; 0 at rate `max`. */
  readonly lateNs: bigint;
  /** Counts the passes of a loop from 0. */
  readonly pass: number;
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
): AsyncGenerator<PacedMessage<Message>, void, undefined> {
  const {
    rate = 1,
    loop = false,
    signal,
    gate,
    clock,
    nowNs = process.hrtime.bigint,
    wait = abortableSleep,
  } = options;
  if (rate !== 'max' && !(Number.isFinite(rate) && rate > 0)) {
    throw new EffvitError('BAD_ARGUMENT', `Expected a rate above 0, or max, but received ${rate}.`);
  }
  /** Playing time; it stops while the gate is paused. */
  const playedNs = (): bigint => nowNs() - (gate?.pausedNs ?? 0n);
  for (let pass = 0; pass === 0 || loop; pass++) {
    let firstNs: bigint | undefined;
    let startedNs = 0n;
    for await (const message of open()) {
      if (isAborted(signal)) return;
      if (firstNs === undefined) {
        firstNs = message.logTimeNs;
        // The clock starts first, so that no message is ahead of it.
        clock?.begin(firstNs);
        startedNs = playedNs();
      }
      const spanNs = rate === 'max' ? 0n : scaled(message.logTimeNs - firstNs, rate);
      for (;;) {
        await gate?.opened(signal);
        if (isAborted(signal)) return;
        const leftMs = rate === 'max' ? 0 : Number(startedNs + spanNs - playedNs()) / 1e6;
        if (leftMs <= 0) break;
        await wait(Math.min(leftMs, LONGEST_WAIT_MS), signal);
      }
      const lateNs = rate === 'max' ? 0n : playedNs() - startedNs - spanNs;
      yield { message, lateNs, pass };
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
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (!isAborted(signal)) throw error;
  }
}
