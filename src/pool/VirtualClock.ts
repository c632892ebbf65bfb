import { setImmediate as nextTurn } from 'node:timers/promises';
import { signedUnit } from '../inference/simulated/hashLogits.js';
import { NS_PER_MS } from '../stats/monotonicNs.js';
import { type PoolClock, type PoolTimer, systemClock, type TimerOptions } from './PoolClock.js';

/** Not 0, which stands for "never" in some figures. */
const START_NS = 1e9;

/** How long workers take for frames under a {@link VirtualClock}. */
export interface ServiceModel {
  /** Processors; each serves one frame at a time, and workers queue for them. From 1. */
  readonly cores: number;
  /** How long a frame keeps a processor busy, milliseconds. */
  readonly serviceMs: number;
  /** How long a worker is busy around that, half of it before and half after, milliseconds. */
  readonly hostMs: number;
  /** Largest deviation of a service time, as a fraction of it, 0 to 1; uniformly distributed. */
  readonly jitter: number;
  /** An integer; with the same seed the service times are the same. */
  readonly seed: number;
}

/** The processors of a {@link ServiceModel}: a queue that is served first come, first served. */
export class ServiceQueue {
  readonly #model: ServiceModel;
  readonly #freeNs: number[];
  #count = 0;

  constructor(model: ServiceModel) {
    this.#model = model;
    this.#freeNs = Array.from({ length: model.cores }, () => 0);
  }

  /**
   * Queues the inputs of a frame (1, or its regions).
   *
   * @param startNs when the worker starts the frame; not before that of the last call.
   * @returns when the worker is done with it, a whole number of nanoseconds.
   */
  serve(startNs: number, inputCount: number): number {
    const { serviceMs, hostMs, jitter, seed } = this.#model;
    const factor = 1 + jitter * signedUnit(this.#count ^ Math.imul(seed, 0x9e3779b1));
    this.#count += 1;
    const halfHostNs = (hostMs * NS_PER_MS) / 2;
    const core = this.#freeNs.indexOf(Math.min(...this.#freeNs));
    const begunNs = Math.max(this.#freeNs[core] ?? 0, startNs + halfHostNs);
    const endNs = begunNs + serviceMs * NS_PER_MS * factor * inputCount;
    this.#freeNs[core] = endNs;
    return Math.round(endNs + halfHostNs);
  }
}

interface Event {
  readonly dueNs: number;
  readonly fire: () => void | Promise<void>;
}

/**
 * A clock that stands still except when it is advanced, and then fires what is due in order. A pool with it computes
 * real results on its threads, but all times, and with them queues and drops, follow from the frames' times and from a
 * {@link ServiceModel}: {@link AnswerSchedule} takes a worker's answer when the model says, and the clock waits for it
 * if the thread is slower. The same frames give the same outcomes and the same times, whatever the machine.
 */
export class VirtualClock implements PoolClock {
  readonly service: ServiceQueue;
  readonly #events: Event[] = [];
  #nowNs = START_NS;

  constructor(model: ServiceModel) {
    this.service = new ServiceQueue(model);
  }

  nowNs(): number {
    return this.#nowNs;
  }

  /** Timers that keep the process alive limit waits for threads, which are real: they use the system's clock. */
  setTimer(delayMs: number, callback: () => void, options: TimerOptions = {}): PoolTimer {
    if (options.keepsAlive === true) return systemClock.setTimer(delayMs, callback, options);
    let cancel = (): void => {};
    const restart = (): void => {
      cancel();
      cancel = this.at(this.#nowNs + delayMs * NS_PER_MS, callback);
    };
    restart();
    return { restart, cancel: () => cancel() };
  }

  /** Calls back at a time of this clock. @returns function that cancels it. */
  at(dueNs: number, fire: Event['fire']): () => void {
    const event = { dueNs: Math.max(Math.ceil(dueNs), this.#nowNs), fire };
    // Of events that are due at the same time, the one that was added first comes first.
    const later = this.#events.findIndex((other) => other.dueNs > event.dueNs);
    this.#events.splice(later === -1 ? this.#events.length : later, 0, event);
    return () => {
      const index = this.#events.indexOf(event);
      if (index >= 0) this.#events.splice(index, 1);
    };
  }

  /** Fires everything that is due in the next `ms` milliseconds. */
  async advance(ms: number): Promise<void> {
    const untilNs = this.#nowNs + Math.round(ms * NS_PER_MS);
    while ((this.#events[0]?.dueNs ?? Number.POSITIVE_INFINITY) <= untilNs) await this.#fireNext();
    this.#nowNs = untilNs;
  }

  /** Advances until the promise is settled; if nothing is left to fire, the wait for it is real. */
  async advanceUntil(settled: Promise<unknown>): Promise<void> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    const waiting = settled.then(settle, settle);
    for (;;) {
      // Whatever the last event settled is known in the next turn.
      await nextTurn();
      if (isSettled) return;
      if (this.#events.length === 0) return await waiting;
      await this.#fireNext();
    }
  }

  async #fireNext(): Promise<void> {
    const event = this.#events.shift();
    if (event === undefined) return;
    this.#nowNs = event.dueNs;
    await event.fire();
  }
}
