import { monotonicNs, NS_PER_MS } from '../stats/monotonicNs.js';

/** A pending callback. */
export interface PoolTimer {
  /** Starts the delay again, also after the timer has fired. */
  restart(): void;
  cancel(): void;
}

export interface TimerOptions {
  /** Whether this timer alone keeps the process alive; default false. */
  readonly keepsAlive?: boolean;
}

/** The clock of a pool's timers; tests provide their own. */
export interface PoolClock {
  /** Nanoseconds of the monotonic clock that the worker threads use too. */
  nowNs(): number;
  setTimer(delayMs: number, callback: () => void, options?: TimerOptions): PoolTimer;
}

export const systemClock: PoolClock = {
  nowNs: monotonicNs,
  setTimer: (delayMs, callback, { keepsAlive = false } = {}) =>
    new SystemTimer(delayMs, callback, keepsAlive),
};

/** A restart, which happens for every frame, only stores the new due time; the system timer is kept and waits on. */
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

/** Waits until the promise is settled, but no longer than `limitMs`, or until `signal` is aborted. */
export async function withinLimit(
  promise: Promise<unknown>,
  {
    clock,
    limitMs,
    signal,
  }: { readonly clock: PoolClock; readonly limitMs: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.setTimer(limitMs, finish, { keepsAlive: true });
    signal?.addEventListener('abort', finish);
    if (signal?.aborted === true) finish();
    promise.then(finish, finish);
  });
}
