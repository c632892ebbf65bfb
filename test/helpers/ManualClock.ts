import type { PoolClock, PoolTimer } from '../../src/pool/PoolClock.js';
import { monotonicNs } from '../../src/stats/monotonicNs.js';

const NS_PER_MS = 1e6;

interface Alarm {
  readonly delayMs: number;
  readonly callback: () => void;
  dueNs: number;
}

/** A clock that stands still until a test moves it on: timers fire inside {@link advance} alone. */
export class ManualClock implements PoolClock {
  readonly #alarms = new Set<Alarm>();
  #nowNs = monotonicNs();

  nowNs(): number {
    return this.#nowNs;
  }

  setTimer(delayMs: number, callback: () => void): PoolTimer {
    const alarm: Alarm = { delayMs, callback, dueNs: 0 };
    const restart = (): void => {
      alarm.dueNs = this.nowNs() + delayMs * NS_PER_MS;
      this.#alarms.add(alarm);
    };
    restart();
    return { restart, cancel: () => void this.#alarms.delete(alarm) };
  }

  /** Moves on, and fires what is due, the earliest first. */
  advance(ms: number): void {
    this.#nowNs += ms * NS_PER_MS;
    for (;;) {
      const due = [...this.#alarms].filter(({ dueNs }) => dueNs <= this.nowNs());
      const [first] = due.sort((a, b) => a.dueNs - b.dueNs);
      if (first === undefined) return;
      this.#alarms.delete(first);
      first.callback();
    }
  }

  /** Delays of the timers that run, ascending. */
  get pendingMs(): number[] {
    return [...this.#alarms].map(({ delayMs }) => delayMs).sort((a, b) => a - b);
  }
}
