import { asEffvitError, type EffvitError } from '../core/EffvitError.js';
import { stampToNs } from '../core/Stamp.js';
import type { FrameHeader } from '../image/ImageFrame.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { dropCauseOf } from './dropCauseOf.js';
import type { FrameJob } from './FrameJob.js';
import { FrameQueue } from './FrameQueue.js';
import type { LivePoolOptions, PoolModel } from './PoolOptions.js';
import { PoolStatistics } from './PoolStatistics.js';
import type { PoolWorker, WorkerEvents, WorkerReport } from './PoolWorker.js';
import { ResultOrder } from './ResultOrder.js';
import { Waiters } from './Waiters.js';

const NS_PER_MS = 1e6;
/** What a live frame may wait in the memory of a worker that is not done yet: the way there takes 0.5 to 5 ms under load. */
const AHEAD_NS = 3 * NS_PER_MS;

export interface DispatcherOptions<Value> {
  readonly model: PoolModel<Value>;
  readonly live: LivePoolOptions;
  readonly ordered: boolean;
  readonly stampClockNs: (() => bigint | undefined) | undefined;
  /** The worker that takes the next frame: an idle one, or one that is busy but expected to be free by then. */
  readonly taker: (untilNs: number) => PoolWorker<FrameJob<Value>> | undefined;
}

/**
 * The way of frames through the pool: waiting, handed to a worker, back in order, delivered or dropped. It knows
 * nothing of how workers come and go.
 */
export class FrameDispatcher<Value> implements WorkerEvents<FrameJob<Value>> {
  readonly statistics = new PoolStatistics();
  /** For who waits until no frame is in flight. */
  readonly drained = new Waiters(() => this.statistics.accounting.inFlight === 0);
  /** For who waits until a frame can be admitted without another being dropped. */
  readonly room: Waiters;
  /** What frames are prepared and read by; to be exchanged at the moment that the workers are. */
  model: PoolModel<Value>;
  readonly #taker: DispatcherOptions<Value>['taker'];
  readonly #stampClockNs: (() => bigint | undefined) | undefined;
  readonly #isOrdered: boolean;
  readonly #queue: FrameQueue<FrameJob<Value>>;
  readonly #order = new ResultOrder<FrameJob<Value>>((job) => this.#deliver(job));
  #live: LivePoolOptions;
  #isClosed = false;

  constructor(options: DispatcherOptions<Value>) {
    this.model = options.model;
    this.#live = options.live;
    this.#isOrdered = options.ordered;
    this.#stampClockNs = options.stampClockNs;
    this.#taker = options.taker;
    this.#queue = new FrameQueue(this.#live.queueSize, this.#live.dropPolicy);
    this.room = new Waiters(() => this.#isClosed || this.#queue.hasRoom);
  }

  get live(): LivePoolOptions {
    return this.#live;
  }

  get queuedCount(): number {
    return this.#queue.size;
  }

  setLive(live: LivePoolOptions): void {
    this.#live = live;
    for (const job of this.#queue.configure(live.queueSize, live.dropPolicy)) this.drop(job, 'queue_full');
    // Under `block` workers take frames ahead that they did not take before.
    this.pump();
  }

  /** Drops what is admitted from now on. */
  close(): void {
    this.#isClosed = true;
    this.room.look();
  }

  /** A frame comes in: to a worker, into the queue, or out again. */
  admit(job: FrameJob<Value>): void {
    this.statistics.accounting.receive();
    if (this.#isClosed) {
      this.drop(job, 'closed');
      return;
    }
    try {
      job.planFor(this.model.preprocess);
    } catch (error) {
      this.drop(job, 'bad_image', asEffvitError(error, 'BAD_IMAGE'));
      return;
    }
    const worker = this.#queue.size === 0 ? this.#nextTaker() : undefined;
    if (worker !== undefined) {
      this.#dispatch(job, worker);
      return;
    }
    const evicted = this.#queue.push(job);
    if (evicted !== undefined) this.drop(evicted, 'queue_full');
    if (evicted !== job) job.keep();
    // The queue may be there because no worker was near its end when the frames in it came.
    this.pump();
  }

  /** Gives waiting frames to workers that can take one. */
  pump(): void {
    for (let worker = this.#nextTaker(); worker !== undefined; worker = this.#nextTaker()) {
      const job = this.#queue.shift();
      if (job === undefined) break;
      if (this.#isTooOld(job)) this.drop(job, 'too_old');
      else this.#dispatch(job, worker);
    }
    this.room.look();
  }

  /** Drops every frame that waits. */
  dropQueue(cause: DropCause, error?: EffvitError): void {
    for (const job of this.#queue.clear()) this.drop(job, cause, error);
    this.room.look();
  }

  /** The frame ends without a result; told in its turn, where it has one. */
  drop(job: FrameJob<Value>, cause: DropCause, error?: EffvitError): void {
    job.finished = { kind: 'drop', cause, error };
    this.#finish(job);
  }

  done(worker: PoolWorker<FrameJob<Value>>, job: FrameJob<Value>, report: WorkerReport): void {
    const nv12 = job.keepNv12 ? report.copyNv12() : undefined;
    // The worker first: it computes while this thread goes on with the frame.
    this.pump();
    const beganNs = monotonicNs();
    let value: Value;
    try {
      value = (job.model ?? this.model).postprocess(report.logits);
    } catch (error) {
      this.#fail(job, asEffvitError(error, 'INFERENCE_FAILED', 'Postprocessing failed'));
      return;
    }
    const postprocessNs = monotonicNs() - beganNs;
    const { index: workerIndex, generation } = worker;
    job.finished = { kind: 'value', value, report, postprocessNs, workerIndex, generation, nv12 };
    this.#finish(job);
  }

  failed(_worker: PoolWorker<FrameJob<Value>>, job: FrameJob<Value>, error: EffvitError): void {
    this.pump();
    this.#fail(job, error);
  }

  lost(
    _worker: PoolWorker<FrameJob<Value>>,
    begun: readonly FrameJob<Value>[],
    unbegun: readonly FrameJob<Value>[],
    error: EffvitError,
  ): void {
    for (const job of unbegun.toReversed()) {
      // Its data may be another frame's by now.
      if (job.isDataLent) this.#fail(job, error);
      else this.#queue.unshift(job);
    }
    this.pump();
    for (const job of begun) this.#fail(job, error);
  }

  /**
   * A busy worker takes the next frame ahead, which hides the way between the threads. A live camera's frame only
   * shortly before: it could no longer be dropped there for a newer one.
   */
  #nextTaker(): PoolWorker<FrameJob<Value>> | undefined {
    const isLive = this.#live.dropPolicy !== 'block';
    return this.#taker(isLive ? monotonicNs() + AHEAD_NS : Number.POSITIVE_INFINITY);
  }

  #dispatch(job: FrameJob<Value>, worker: PoolWorker<FrameJob<Value>>): void {
    const { model } = this;
    job.model = model;
    job.queueWaitNs = monotonicNs() - job.admittedNs;
    try {
      job.copyNs = worker.run(job, job.frame, job.planFor(model.preprocess), model.preprocess);
    } catch (error) {
      this.#fail(job, asEffvitError(error, 'BAD_IMAGE'));
      return;
    }
    if (this.#isOrdered) this.#order.begin(job);
  }

  #fail(job: FrameJob<Value>, error: EffvitError): void {
    this.drop(job, dropCauseOf(error.code), error);
  }

  #finish(job: FrameJob<Value>): void {
    if (!this.#order.finish(job)) this.#deliver(job);
  }

  #deliver(job: FrameJob<Value>): void {
    const { finished } = job;
    if (finished === undefined) return;
    if (finished.kind === 'drop') {
      this.statistics.dropped(finished.cause);
      job.drop(finished.cause, finished.error);
    } else {
      const nowNs = monotonicNs();
      const timings = job.publish(finished, nowNs, this.#delayNs(job.frame));
      this.statistics.published(timings, job.frame.kind === 'compressed', nowNs);
    }
    this.drained.look();
  }

  #isTooOld(job: FrameJob<Value>): boolean {
    const { maxAgeMs, maxAgeFrom } = this.#live;
    if (maxAgeMs === 0) return false;
    const delayNs = maxAgeFrom === 'stamp' ? this.#delayNs(job.frame) : undefined;
    return (delayNs ?? monotonicNs() - job.admittedNs) > maxAgeMs * NS_PER_MS;
  }

  /** Undefined without a clock or before its first tick, and for a frame without a stamp. */
  #delayNs({ stamp }: FrameHeader): number | undefined {
    if (stamp.sec === 0 && stamp.nanosec === 0) return undefined;
    const nowNs = this.#stampClockNs?.();
    return nowNs === undefined ? undefined : Number(nowNs - stampToNs(stamp));
  }
}
