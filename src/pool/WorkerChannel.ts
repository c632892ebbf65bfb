/** Words of the channel, each an int32 that both threads reach by Atomics. */
const WAKE = 0;
const POSTED = 1;
const STOP = 2;
const EXIT = 3;
const ACTIVITY = 4;
const DESCRIPTOR = 5;
const PAYLOAD_BYTES = 6;
const NV12_OFFSET = 7;
const NV12_BYTES = 8;
const WIDTH_PX = 9;
const HEIGHT_PX = 10;
/** Even, so that the float64 times behind the words are aligned. */
const WORD_COUNT = 12;

/** What the worker thread does just now; {@link NATIVE} is what must not be cut off. */
const SCRIPT = 0;
const NATIVE = 1;

const TIME_COUNT = 6;

/** Times of one frame: points of the monotonic clock (handedOver, began, ended) and durations. */
export interface WorkerTimes {
  readonly handedOverNs: number;
  readonly beganNs: number;
  readonly decodeNs: number;
  readonly preprocessNs: number;
  readonly inferenceNs: number;
  readonly endedNs: number;
}

/** A frame that lies in the worker's slot: what it is, and how many bytes of it. */
export interface HandedFrame {
  readonly number: number;
  readonly descriptor: number;
  readonly payloadBytes: number;
}

/** Where the worker left the NV12, in bytes of the slot's memory. */
export interface Nv12Place {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** Size of a picture before it was resized; for compressed frames only the worker knows it. */
export interface PictureSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/**
 * The shared words between the pool and one worker thread. A frame is handed over by counting up and waking
 * the worker, which sleeps in Atomics.wait: a futex costs a few microseconds where a message costs tens.
 * The way back is a message, since the main thread may not sleep.
 */
export class WorkerChannel {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #times: Float64Array;

  /** On the main thread without an argument; on the worker over the main thread's {@link buffer}. */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer =
      buffer ??
      new SharedArrayBuffer(
        WORD_COUNT * Int32Array.BYTES_PER_ELEMENT + TIME_COUNT * Float64Array.BYTES_PER_ELEMENT,
      );
    this.#words = new Int32Array(this.buffer, 0, WORD_COUNT);
    this.#times = new Float64Array(this.buffer, WORD_COUNT * Int32Array.BYTES_PER_ELEMENT);
  }

  // ---- main thread

  /** Hands over the frame that lies in the slot. @returns its number, which the answer carries. */
  post(descriptor: number, payloadBytes: number, handedOverNs: number): number {
    Atomics.store(this.#words, DESCRIPTOR, descriptor);
    Atomics.store(this.#words, PAYLOAD_BYTES, payloadBytes);
    this.#times[0] = handedOverNs;
    const number = Atomics.add(this.#words, POSTED, 1) + 1;
    this.#wake();
    return number;
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

  /** Times of the last answered frame. */
  times(): WorkerTimes {
    const [handedOverNs = 0, beganNs = 0, decodeNs = 0, preprocessNs = 0, inferenceNs = 0, endedNs = 0] =
      this.#times;
    return { handedOverNs, beganNs, decodeNs, preprocessNs, inferenceNs, endedNs };
  }

  pictureSize(): PictureSize {
    return {
      widthPx: Atomics.load(this.#words, WIDTH_PX),
      heightPx: Atomics.load(this.#words, HEIGHT_PX),
    };
  }

  nv12Place(): Nv12Place {
    return {
      offsetBytes: Atomics.load(this.#words, NV12_OFFSET),
      lengthBytes: Atomics.load(this.#words, NV12_BYTES),
    };
  }

  // ---- worker thread

  /** Sleeps until a frame beyond number `done` is there; undefined when told to stop. */
  waitForFrame(done: number): HandedFrame | undefined {
    for (;;) {
      const wake = Atomics.load(this.#words, WAKE);
      this.#sleepForeverAtExit();
      const posted = Atomics.load(this.#words, POSTED);
      // A frame that was handed over goes before the stop.
      if (posted !== done) {
        return {
          number: posted,
          descriptor: Atomics.load(this.#words, DESCRIPTOR),
          payloadBytes: Atomics.load(this.#words, PAYLOAD_BYTES),
        };
      }
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

  /** Leaves a frame's times and the place of its NV12 for the main thread; before the answer is sent. */
  leave(times: Omit<WorkerTimes, 'handedOverNs'>, nv12: Nv12Place, size?: PictureSize): void {
    this.#times.set([times.beganNs, times.decodeNs, times.preprocessNs, times.inferenceNs, times.endedNs], 1);
    Atomics.store(this.#words, NV12_OFFSET, nv12.offsetBytes);
    Atomics.store(this.#words, NV12_BYTES, nv12.lengthBytes);
    if (size === undefined) return;
    Atomics.store(this.#words, WIDTH_PX, size.widthPx);
    Atomics.store(this.#words, HEIGHT_PX, size.heightPx);
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
