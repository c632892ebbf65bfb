import { monotonicNs } from '../stats/monotonicNs.js';

const NS_PER_MS = 1e6;

/** One call-back to come. */
export interface PoolTimer {
  /** The delay counts from now on; also after the timer has fired. */
  restart(): void;
  cancel(): void;
}

export interface TimerOptions {
  /** Whether the process lives on for this timer alone; default false. */
  readonly keepsAlive?: boolean;
}

/** The time by which a pool waits; tests bring one of their own. */
export interface PoolClock {
  /** Nanoseconds of the monotonic clock that the worker threads read, too. */
  nowNs(): number;
  setTimer(delayMs: number, callback: () => void, options?: TimerOptions): PoolTimer;
}

export const systemClock: PoolClock = {
  nowNs: monotonicNs,
  setTimer: (delayMs, callback, { keepsAlive = false } = {}) =>
    new SystemTimer(delayMs, callback, keepsAlive),
};

/** Restarted at each frame, it only notes when it is due, and goes on waiting where it was due before. */
class SystemTimer implements PoolTimer {
  readonly #delayMs: number;
  readonly #callback: () => void;
  readonly #keepsAlive: boolean;
  #dueNs = 0;
  #timeout: NodeJS.Timeout | undefined;

  constructor(delayMs: number, callback: () => void, keepsAlive: boolean) {
    this.#delayMs = delayMs;
    this.#callback = callback;
    this.#keepsAlive = keepsAlive;
    this.restart();
  }

  restart(): void {
    this.#dueNs = monotonicNs() + this.#delayMs * NS_PER_MS;
    if (this.#timeout === undefined) this.#wait(this.#delayMs);
  }

  cancel(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }

  #wait(delayMs: number): void {
    this.#timeout = setTimeout(() => this.#onTimeout(), delayMs);
    if (!this.#keepsAlive) this.#timeout.unref();
  }

  #onTimeout(): void {
    this.#timeout = undefined;
    const leftMs = (this.#dueNs - monotonicNs()) / NS_PER_MS;
    if (leftMs > 0) this.#wait(Math.ceil(leftMs));
    else this.#callback();
  }
}
