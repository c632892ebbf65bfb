import type { HeldFrames } from './HeldFrames.js';
import type { PoolClock, PoolTimer } from './PoolClock.js';
import { VirtualClock } from './VirtualClock.js';

/** Notices a worker that computes one frame for too long. */
export class RunWatch {
  readonly #held: HeldFrames<unknown>;
  readonly #clock: PoolClock;
  readonly #limitMs: number;
  readonly #giveUp: () => void;
  #timer: PoolTimer | undefined;

  /** @param giveUp called if the first of the held frames is not answered within the limit. */
  constructor(held: HeldFrames<unknown>, clock: PoolClock, limitMs: number, giveUp: () => void) {
    this.#held = held;
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#giveUp = giveUp;
  }

  /** The thread starts the first of the held frames, or its next task. */
  start(): void {
    this.#held.beginFirst(this.#clock.nowNs());
    // An AnswerSchedule limits the wait for an answer.
    if (this.#clock instanceof VirtualClock) return;
    // One timer for the worker's life: restarting it is cheaper than creating one per frame.
    this.#timer ??= this.#clock.setTimer(this.#limitMs, () => this.check());
    this.#timer.restart();
  }

  /** The first frame is overdue. After a stall of this thread its answer may have arrived: messages are read first. */
  check(): void {
    const current = this.#held.first;
    setImmediate(() => {
      if (current !== undefined && this.#held.first === current) this.#giveUp();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
  }
}
