import { monotonicNs } from '../stats/monotonicNs.js';

/** The most frames that a worker may hold at once; a power of two, so that frame numbers may go round. */
export const CHANNEL_CAPACITY = 64;

/** Words of the channel, each an int32 that both threads reach by Atomics. */
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
/** The slot of each frame, by the last bits of its number. */
const SLOTS = 10;
const WORD_COUNT = SLOTS + CHANNEL_CAPACITY;

/** What the worker thread does just now; {@link NATIVE} is what must not be cut off. */
const SCRIPT = 0;
const NATIVE = 1;

/** Frame numbers go round: a worker at 1000 frames a second would overflow an int32 in a month. */
const NUMBER_MASK = 2 ** 30 - 1;
/** Set in BEGUN when the main thread has taken back what was not begun. */
const REVOKED = 2 ** 30;

const NS_PER_MS = 1e6;
const US_PER_MS = 1e3;

/** A frame that lies in one of the worker's slots. */
export interface HandedFrame {
  readonly number: number;
  readonly slot: number;
}

/** How many frames a task takes, and how long the first one waits for company. */
export interface BatchLimits {
  readonly largestBatch: number;
  readonly waitMs: number;
}

/**
 * The shared words by which the pool and one worker thread hand frames over. The worker sleeps in Atomics.wait:
 * waking it takes some microseconds, where a message takes tens. The way back is a message, since the main
 * thread may not sleep.
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

  /** Hands over the frame that lies in a slot. @returns its number, which the answer carries. */
  post(slot: number): number {
    const number = next(Atomics.load(this.#words, POSTED));
    Atomics.store(this.#words, slotWord(number), slot);
    Atomics.store(this.#words, POSTED, number);
    this.#wake();
    return number;
  }

  /** For the tasks that are gathered from now on. */
  setBatchLimits({ largestBatch, waitMs }: BatchLimits): void {
    Atomics.store(this.#words, LARGEST_BATCH, largestBatch);
    Atomics.store(this.#words, BATCH_WAIT_US, Math.round(waitMs * US_PER_MS));
  }

  /** So many frames are about to be handed over, to be computed together. */
  expect(count: number): void {
    Atomics.store(this.#words, EXPECTED, (Atomics.load(this.#words, POSTED) + count) & NUMBER_MASK);
    // Who waits for more than there will be goes on.
    if (count === 0) this.#wake();
  }

  /** Whether a frame is in no task yet that has begun to run: others may still join it. */
  isOpen(number: number): boolean {
    return distance(Atomics.load(this.#words, CLOSED), number) > 0;
  }

  /**
   * Takes back the frames that were handed over and not begun; the worker begins none any more.
   *
   * @returns the number of the last frame that it has begun, 0 where none.
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

  /** Tells the worker to leave once it has nothing to do. */
  stop(): void {
    Atomics.store(this.#words, STOP, 1);
    this.#wake();
  }

  /** Tells the worker to begin nothing more: the process ends. */
  announceExit(): void {
    Atomics.store(this.#words, EXIT, 1);
    this.#wake();
  }

  /** Blocks until the worker can be cut off without harm. @returns whether it can, within the limit. */
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

  /** Sleeps until there is a frame and begins it; undefined when told to leave. */
  nextFrame(): HandedFrame | undefined {
    return this.#nextFrame(Number.POSITIVE_INFINITY);
  }

  /** The same, but sleeps until a point of the monotonic clock at the latest; not at all where that has passed. */
  nextFrameUntil(deadlineNs: number): HandedFrame | undefined {
    return this.#nextFrame(deadlineNs);
  }

  /** The frame behind this one, where it was announced: sleeps until it is there, or no longer expected. */
  nextExpected(lastNumber: number, limitNs: number): HandedFrame | undefined {
    const isExpected = (): boolean => distance(lastNumber, Atomics.load(this.#words, EXPECTED)) > 0;
    return isExpected() ? this.#nextFrame(monotonicNs() + limitNs, isExpected) : undefined;
  }

  /** Sleeps until the main thread hands no more frames over, within the limit. */
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

  /** The frames up to this one are in tasks that run or have run. */
  closeTask(lastNumber: number): void {
    Atomics.store(this.#words, CLOSED, lastNumber);
  }

  /**
   * Runs what must not be cut off: native code that would abort the process when its thread is terminated.
   * Where the process ends already, it does not begin, and this never returns.
   */
  async guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    // Written before EXIT is read, as announceExit writes before ACTIVITY is read: one of the two sees the other.
    Atomics.store(this.#words, ACTIVITY, NATIVE);
    this.#sleepForeverAtExit();
    try {
      return await work();
    } finally {
      this.#becomeHarmless();
    }
  }

  #nextFrame(deadlineNs: number, isWorthWaiting = (): boolean => true): HandedFrame | undefined {
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
      // Frames that were handed over go before the stop.
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
    // The thread is terminated in this wait.
    for (;;) Atomics.wait(this.#words, EXIT, 1);
  }
}

function next(number: number): number {
  return (number + 1) & NUMBER_MASK;
}

/** How far `to` is ahead of `from`; negative where it is behind. */
function distance(from: number, to: number): number {
  const ahead = (to - from) & NUMBER_MASK;
  return ahead <= NUMBER_MASK / 2 ? ahead : ahead - NUMBER_MASK - 1;
}

/** Whether a frame was handed over before another one, or is that one. */
export function isNotAfter(number: number, other: number): boolean {
  return distance(number, other) >= 0;
}

function slotWord(number: number): number {
  return SLOTS + (number % CHANNEL_CAPACITY);
}
