import { monotonicNs } from '../stats/monotonicNs.js';

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
  setTimer(delayMs, callback, { keepsAlive = false } = {}) {
    const timer = setTimeout(callback, delayMs);
    if (!keepsAlive) timer.unref();
    return { restart: () => void timer.refresh(), cancel: () => clearTimeout(timer) };
  },
};
