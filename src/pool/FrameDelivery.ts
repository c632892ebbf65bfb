import { stampToNs } from '../core/Stamp.js';
import type { FrameHeader } from '../image/ImageFrame.js';
import { NS_PER_MS } from '../stats/monotonicNs.js';
import { isPlausibleDelay } from '../stats/stampDelay.js';
import { Condition } from './Condition.js';
import type { FrameJob } from './FrameJob.js';
import type { PoolClock, PoolTimer } from './PoolClock.js';
import type { PoolStatistics } from './PoolStatistics.js';
import { ReorderBuffer } from './ReorderBuffer.js';

/** Delivers the frames that are done: judges, measures and counts them, and resolves their outcomes. */
export class FrameDelivery<Value> {
  /** No frame is in flight. */
  readonly drained: Condition;
  readonly #clock: PoolClock;
  readonly #statistics: PoolStatistics;
  readonly #stampClockNs: (() => bigint | undefined) | undefined;
  readonly #limitMs: () => number;
  readonly #reorder = new ReorderBuffer<FrameJob<Value>>((job) => this.#deliver(job));
  #expiry: PoolTimer | undefined;

  /** @param limitMs how long a result is held back for earlier ones of its camera; 0: no limit. */
  constructor(
    clock: PoolClock,
    statistics: PoolStatistics,
    stampClockNs: (() => bigint | undefined) | undefined,
    limitMs: () => number,
  ) {
    this.#clock = clock;
    this.#statistics = statistics;
    this.#stampClockNs = stampClockNs;
    this.#limitMs = limitMs;
    this.drained = new Condition(() => statistics.frames.inFlight === 0);
  }

  /** Has the frame delivered in order, once it is done. */
  reserve(job: FrameJob<Value>): void {
    this.#reorder.reserve(job);
  }

  /** Delivers the frame, or has it wait for earlier ones, if all of its parts have ended. */
  finish(job: FrameJob<Value>): void {
    if (!job.isDone) return;
    if (job.isOvertaken) job.ending ??= { cause: 'overtaken', error: undefined };
    if (!this.#reorder.complete(job, this.#clock.nowNs())) this.#deliver(job);
    else this.#expireLater();
  }

  /** Call this when `limitMs` has changed. */
  applyLimit(): void {
    this.#expiry?.cancel();
    this.#expiry = undefined;
    this.#expireLater();
  }

  /** Starts the timer that limits how long a result is held back. */
  #expireLater(): void {
    const heldNs = this.#reorder.oldestHeldNs;
    const clock = this.#clock;
    const mostMs = this.#limitMs();
    if (heldNs === undefined || this.#expiry !== undefined || mostMs === 0) return;
    const delayMs = Math.max(mostMs - (clock.nowNs() - heldNs) / NS_PER_MS, 0);
    this.#expiry = clock.setTimer(delayMs, () => {
      this.#expiry = undefined;
      this.#reorder.expire(clock.nowNs() - mostMs * NS_PER_MS, (job) => {
        job.isOvertaken = true;
      });
      this.#expireLater();
    });
  }

  #deliver(job: FrameJob<Value>): void {
    job.judge();
    if (job.ending === undefined) {
      const timings = job.publish(this.#clock.nowNs(), this.#delayNs(job.frame));
      this.#statistics.published(job, timings);
    } else {
      this.#statistics.frames.drop(job.ending.cause);
      job.drop(job.ending);
    }
    this.drained.notifyAll();
  }

  /** Undefined without a clock or before its first tick, and for a frame without a stamp. */
  #delayNs({ stamp }: FrameHeader): number | undefined {
    if (stamp.sec === 0 && stamp.nanosec === 0) return undefined;
    const nowNs = this.#stampClockNs?.();
    if (nowNs === undefined) return undefined;
    const delayNs = Number(nowNs - stampToNs(stamp));
    // The stamp of another clock gives no delay.
    return isPlausibleDelay(delayNs) ? Math.max(delayNs, 0) : undefined;
  }
}
