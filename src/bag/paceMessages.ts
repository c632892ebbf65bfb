import { setTimeout as sleep } from 'node:timers/promises';
import { EffvitError } from '../core/EffvitError.js';
import type { PauseGate } from './PauseGate.js';
import type { PlaybackClock } from './PlaybackClock.js';

export interface PaceOptions {
  /** Speed: 1 is the recording's own, 2 twice as fast, `max` without waiting. Default 1. */
  readonly rate?: number | 'max';
  /** Begins anew at the end, until it is aborted. Default false. */
  readonly loop?: boolean;
  /** Ends the iteration, also during a wait; it then returns without an error. */
  readonly signal?: AbortSignal;
  /** While it is paused nothing comes; the time that it was is no lateness afterwards. */
  readonly gate?: PauseGate;
  /** Begun anew with each pass; its rate and gate must be these. */
  readonly clock?: Pick<PlaybackClock, 'begin'>;
  /** Now, in nanoseconds, monotonic; for tests. */
  readonly nowNs?: () => bigint;
  /** Waits about that long, or until aborted; for tests. */
  readonly wait?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** A message with when it was due. */
export interface PacedMessage<Message> {
  readonly message: Message;
  /** How far behind its time it comes, nanoseconds; 0 where nothing waits for a time. */
  readonly lateNs: bigint;
  /** Counts the passes of a loop from 0. */
  readonly pass: number;
}

/** Timers above this overflow (2^31 ms); longer waits are made of several. */
const LONGEST_WAIT_MS = 60_000;

/**
 * Hands out recorded messages at the times at which they were recorded. Every message has its time on one
 * line from the first on, so waits do not add up their errors; one whose consumer took too long comes at
 * once, and what follows keeps its own time.
 *
 * @param open Begins the messages, in log-time order; called once for each pass.
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
  /** Playing time: stands still while the gate is paused. */
  const playedNs = (): bigint => nowNs() - (gate?.pausedNs ?? 0n);
  for (let pass = 0; pass === 0 || loop; pass++) {
    let firstNs: bigint | undefined;
    let startedNs = 0n;
    for await (const message of open()) {
      if (isAborted(signal)) return;
      if (firstNs === undefined) {
        firstNs = message.logTimeNs;
        // The clock first, so that no message is ahead of it.
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
    // An empty recording would be begun anew without end.
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
