/** Words of the channel, each an int32 that both threads reach by Atomics. */
const WAKE = 0;
const POSTED = 1;
const BEGUN = 2;
const STOP = 3;
const EXIT = 4;
const ACTIVITY = 5;
/** The slots of the frames with an even and with an odd number; at most two are under way. */
const SLOTS = 6;
const WORD_COUNT = 8;

/** What the worker thread does just now; {@link NATIVE} is what must not be cut off. */
const SCRIPT = 0;
const NATIVE = 1;

/** Frame numbers go round: a worker at 1000 frames a second would overflow an int32 in a month. */
const NUMBER_MASK = 2 ** 30 - 1;
/** Set in BEGUN when the main thread has taken back what was not begun. */
const REVOKED = 2 ** 30;

/** A frame that lies in one of the worker's slots. */
export interface HandedFrame {
  readonly number: number;
  readonly slot: number;
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

  /** Sleeps until there is a frame and begins it; undefined when told to leave. */
  nextFrame(): HandedFrame | undefined {
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
      Atomics.wait(this.#words, WAKE, wake);
    }
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

function slotWord(number: number): number {
  return SLOTS + (number & 1);
}
