import { monotonicNs, NS_PER_MS } from '../stats/monotonicNs.js';

/** The most frames that a worker may hold; a power of two, so that frame numbers can wrap around. */
export const CHANNEL_CAPACITY = 64;

/** Words of the channel, int32 each; both threads access them with Atomics. */
const WAKE = 0;
const POSTED = 1;
const BEGUN = 2;
const STOP = 3;
const EXIT = 4;
const ACTIVITY = 5;
const CLOSED = 6;
const LARGEST_BATCH = 7;
const BATCH_WAIT_US = 8;
const EXPECTED = 9;
/** Start of the table of slots, indexed by the last bits of the frame number. */
const SLOTS = 10;
const WORD_COUNT = SLOTS + CHANNEL_CAPACITY;

/** Current activity of the worker thread; {@link NATIVE} must not be interrupted. */
const SCRIPT = 0;
const NATIVE = 1;

/** Frame numbers wrap around: at 1000 frames per second they would overflow an int32 within a month. */
const NUMBER_MASK = 2 ** 30 - 1;
/** Set in BEGUN when the main thread has taken back the frames that were not started. */
const REVOKED = 2 ** 30;

const US_PER_MS = 1e3;

/** A frame in one of the worker's slots. */
export interface HandedFrame {
  readonly number: number;
  readonly slot: number;
}

/** How many frames a task takes, and how long its first frame waits for others. */
export interface BatchLimits {
  readonly largestBatch: number;
  readonly waitMs: number;
}

/**
 * Shared words for the handover of frames from the pool to one worker thread. The worker sleeps in Atomics.wait:
 * waking it takes a few microseconds, a message takes tens. Answers are messages, because the main thread must not
 * block.
 */
export class WorkerChannel {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  /** On the main thread without an argument; on the worker over the main thread's {@link buffer}. */
  constructor(buffer = new SharedArrayBuffer(WORD_COUNT * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  // ---- main thread

  /** Hands over the frame in a slot. @returns its number, which the answer repeats. */
  post(slot: number): number {
    const number = next(Atomics.load(this.#words, POSTED));
    Atomics.store(this.#words, slotWord(number), slot);
    Atomics.store(this.#words, POSTED, number);
    this.#wake();
    return number;
  }

  /** Sets the limits of future tasks. */
  setBatchLimits({ largestBatch, waitMs }: BatchLimits): void {
    Atomics.store(this.#words, LARGEST_BATCH, largestBatch);
    Atomics.store(this.#words, BATCH_WAIT_US, Math.round(waitMs * US_PER_MS));
  }

  /** Announces that this number of frames will be handed over for one task. */
  expect(count: number): void {
    Atomics.store(this.#words, EXPECTED, (Atomics.load(this.#words, POSTED) + count) & NUMBER_MASK);
    // A worker that waits for further frames must continue without them.
    if (count === 0) this.#wake();
  }

  /** Whether the frame's task has not started, so that others can still join it. */
  isOpen(number: number): boolean {
    return distance(Atomics.load(this.#words, CLOSED), number) > 0;
  }

  /**
   * Takes back the frames that were handed over and not started; the worker starts none after this.
   *
   * @returns the number of the last frame that it started, 0 for none.
   */
  revoke(): number {
    for (;;) {
      const begun = Atomics.load(this.#words, BEGUN);
      if (Atomics.compareExchange(this.#words, BEGUN, begun, begun | REVOKED) === begun) {
        this.#wake();
        return begun & NUMBER_MASK;
      }
    }
  }

  /** Asks the worker to exit once it has no frames. */
  stop(): void {
    Atomics.store(this.#words, STOP, 1);
    this.#wake();
  }

  /** Asks the worker to start nothing more, because the process is exiting. */
  announceExit(): void {
    Atomics.store(this.#words, EXIT, 1);
    this.#wake();
  }

  /** Blocks until the worker can be interrupted safely. @returns whether it can be, within the limit. */
  waitUntilHarmless(limitMs: number): boolean {
    const endMs = performance.now() + limitMs;
    while (Atomics.load(this.#words, ACTIVITY) === NATIVE) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) return false;
      Atomics.wait(this.#words, ACTIVITY, NATIVE, leftMs);
    }
    return true;
  }

  // ---- worker thread

  get batchLimits(): BatchLimits {
    return {
      largestBatch: Math.max(Atomics.load(this.#words, LARGEST_BATCH), 1),
      waitMs: Atomics.load(this.#words, BATCH_WAIT_US) / US_PER_MS,
    };
  }

  /** The announced frame after this one: sleeps until it is handed over or no longer expected. */
  nextExpected(lastNumber: number, limitNs: number): HandedFrame | undefined {
    const isExpected = (): boolean => distance(lastNumber, Atomics.load(this.#words, EXPECTED)) > 0;
    return isExpected() ? this.nextFrame(monotonicNs() + limitNs, isExpected) : undefined;
  }

  /** Sleeps until the main thread stops handing frames over, within the limit. */
  waitUntilGivenUp(limitMs: number): void {
    const endMs = performance.now() + limitMs;
    for (;;) {
      const wake = Atomics.load(this.#words, WAKE);
      this.#sleepForeverAtExit();
      if ((Atomics.load(this.#words, BEGUN) & REVOKED) !== 0 || Atomics.load(this.#words, STOP) === 1) return;
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) return;
      Atomics.wait(this.#words, WAKE, wake, leftMs);
    }
  }

  /** Marks the frames up to this one as being in tasks that have started. */
  closeTask(lastNumber: number): void {
    Atomics.store(this.#words, CLOSED, lastNumber);
  }

  /**
   * Runs work that must not be interrupted: native code that would abort the process when its thread is terminated.
   * If the process is exiting, the work is not started and this never returns.
   */
  async guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    // Written before EXIT is read; announceExit writes EXIT before it reads ACTIVITY. So at least one sees the other.
    Atomics.store(this.#words, ACTIVITY, NATIVE);
    this.#sleepForeverAtExit();
    try {
      return await work();
    } finally {
      this.#becomeHarmless();
    }
  }

  /**
   * Sleeps until there is a frame and starts it; undefined if the worker must exit, at the deadline, or if waiting has
   * become useless.
   *
   * @param deadlineNs on the monotonic clock.
   */
  nextFrame(
    deadlineNs = Number.POSITIVE_INFINITY,
    isWorthWaiting = (): boolean => true,
  ): HandedFrame | undefined {
    for (;;) {
      const wake = Atomics.load(this.#words, WAKE);
      this.#sleepForeverAtExit();
      const begun = Atomics.load(this.#words, BEGUN);
      if ((begun & REVOKED) !== 0) return undefined;
      if (begun !== Atomics.load(this.#words, POSTED)) {
        const number = next(begun);
        if (Atomics.compareExchange(this.#words, BEGUN, begun, number) !== begun) return undefined;
        return { number, slot: Atomics.load(this.#words, slotWord(number)) };
      }
      // Frames handed over earlier are computed before the stop takes effect.
      if (Atomics.load(this.#words, STOP) === 1) return undefined;
      const leftMs = Number.isFinite(deadlineNs)
        ? (deadlineNs - monotonicNs()) / NS_PER_MS
        : Number.POSITIVE_INFINITY;
      if (leftMs <= 0 || !isWorthWaiting()) return undefined;
      Atomics.wait(this.#words, WAKE, wake, leftMs);
    }
  }

  #wake(): void {
    Atomics.add(this.#words, WAKE, 1);
    Atomics.notify(this.#words, WAKE);
  }

  #becomeHarmless(): void {
    Atomics.store(this.#words, ACTIVITY, SCRIPT);
    Atomics.notify(this.#words, ACTIVITY);
  }

  #sleepForeverAtExit(): void {
    if (Atomics.load(this.#words, EXIT) === 0) return;
    this.#becomeHarmless();
    // The thread is terminated during this wait.
    for (;;) Atomics.wait(this.#words, EXIT, 1);
  }
}

function next(number: number): number {
  return (number + 1) & NUMBER_MASK;
}

/** How far `to` is ahead of `from`; negative if it is behind. */
function distance(from: number, to: number): number {
  const ahead = (to - from) & NUMBER_MASK;
  return ahead <= NUMBER_MASK / 2 ? ahead : ahead - NUMBER_MASK - 1;
}

/** Whether a frame is the other one or was handed over before it. */
export function isNotAfter(number: number, other: number): boolean {
  return distance(number, other) >= 0;
}

function slotWord(number: number): number {
  return SLOTS + (number % CHANNEL_CAPACITY);
}
