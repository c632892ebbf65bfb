import { asEffvitError, type EffvitError } from '../core/EffvitError.js';
import { stampToNs } from '../core/Stamp.js';
import type { FrameHeader } from '../image/ImageFrame.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import { isPlausibleDelay } from '../stats/stampDelay.js';
import { Condition } from './Condition.js';
import { chooseWorker } from './chooseWorker.js';
import { dropCauseOf } from './dropCauseOf.js';
import type { FinishedValue, FrameJob } from './FrameJob.js';
import { FrameQueue } from './FrameQueue.js';
import type { WorkerReport } from './HeldFrames.js';
import type { PoolClock, PoolTimer } from './PoolClock.js';
import type { FixedPoolOptions, LivePoolOptions, PoolModel } from './PoolOptions.js';
import { PoolStatistics } from './PoolStatistics.js';
import { RegionShare, RegionShares, type WorkerJob } from './RegionShares.js';
import { ReorderBuffer } from './ReorderBuffer.js';
import { WorkerGroup } from './WorkerGroup.js';
import type { WorkerThread } from './WorkerThread.js';

const NS_PER_MS = 1e6;
/** How long a live frame may wait in a busy worker's memory: the handover takes 0.5 to 5 ms under load. */
const AHEAD_NS = 3 * NS_PER_MS;

export interface SchedulerOptions<Value> {
  readonly model: PoolModel<Value>;
  readonly fixed: FixedPoolOptions;
  readonly live: LivePoolOptions;
  readonly stampClockNs: (() => bigint | undefined) | undefined;
  readonly clock: PoolClock;
}

/**
 * Owns a pool's state: the waiting frames, the workers and their frames, the results that wait for delivery, and the
 * counts. Workers emit events for their frames; all decisions are made here.
 */
export class FrameScheduler<Value> {
  readonly statistics = new PoolStatistics();
  readonly workers: WorkerGroup<WorkerJob<Value>>;
  /** No frame is in flight. */
  readonly drained = new Condition(() => this.statistics.accounting.inFlight === 0);
  /** A frame can be admitted without dropping another. */
  readonly admissible: Condition;
  /** Preprocessing and postprocessing of frames; must be replaced together with the workers. */
  model: PoolModel<Value>;
  /** Whether the model takes several frames per task. */
  hasBatches = false;
  /** Whether the workers compute on the CPU: side by side, where those of a BPU take turns. */
  isOnCpu = false;
  readonly #clock: PoolClock;
  readonly #stampClockNs: (() => bigint | undefined) | undefined;
  readonly #isOrdered: boolean;
  readonly #queue: FrameQueue<FrameJob<Value>>;
  readonly #reorder = new ReorderBuffer<FrameJob<Value>>((job) => this.#deliver(job));
  readonly #shares: RegionShares<Value>;
  #expiry: PoolTimer | undefined;
  #soon: NodeJS.Immediate | undefined;
  /** Callback of a caller that has frames and waits until the pool has capacity. */
  #wanting: (() => void) | undefined;
  #wantingTimer: PoolTimer | undefined;
  #live: LivePoolOptions;
  #isClosed = false;

  constructor({ model, fixed, live, stampClockNs, clock }: SchedulerOptions<Value>) {
    this.model = model;
    this.#live = live;
    this.#clock = clock;
    this.#isOrdered = fixed.ordered;
    this.#stampClockNs = stampClockNs;
    this.#queue = new FrameQueue(live.queueSize, live.dropPolicy);
    this.#shares = new RegionShares<Value>({
      clock,
      finish: (job) => this.#finish(job),
      requeue: (job) => this.#queue.unshift(job),
    });
    this.admissible = new Condition(() => this.#isClosed || this.#queue.hasCapacity);
    this.workers = new WorkerGroup(fixed, clock);
    this.workers.on('created', (worker) => this.#listenTo(worker));
    this.workers.on('changed', () => {
      this.#applyBatchLimits();
      this.#pump();
      this.#tellWanted();
    });
  }

  get live(): LivePoolOptions {
    return this.#live;
  }

  get queuedCount(): number {
    return this.#queue.size;
  }

  setLive(live: LivePoolOptions): void {
    this.#live = live;
    for (const job of this.#queue.configure(live.queueSize, live.dropPolicy)) this.#drop(job, 'queue_full');
    this.#applyBatchLimits();
    this.#expiry?.cancel();
    this.#expiry = undefined;
    this.#expireLater();
    // Under `block` busy workers also take frames ahead, so a change of policy can create capacity.
    this.#pump();
    this.#tellWanted();
  }

  /** Drops frames that are admitted from now on. */
  close(): void {
    this.#isClosed = true;
    this.admissible.notifyAll();
    this.#tellWanted();
  }

  /** See InferencePool. */
  wantsFrame(withinNs = 0): boolean {
    // Under other policies newer frames do not replace waiting ones, so all frames must be submitted.
    if (this.#isClosed || this.workers.isBroken || this.#live.dropPolicy !== 'oldest') return true;
    const untilNs = this.#clock.nowNs() + Math.max(withinNs, AHEAD_NS);
    const worker = this.#workerBy(untilNs);
    return worker !== undefined && this.#queue.size < worker.held.openPlaces;
  }

  whenWanted(callback: () => void): void {
    this.#wanting = callback;
    this.#tellWanted();
  }

  /** Admits a frame: it is passed to a worker, queued, or dropped. */
  admit(job: FrameJob<Value>): void {
    this.statistics.accounting.receive();
    if (this.#isClosed) {
      this.#drop(job, 'closed');
      return;
    }
    try {
      job.planFor(this.model.preprocess);
    } catch (error) {
      this.#drop(job, 'bad_image', asEffvitError(error, 'BAD_IMAGE'));
      return;
    }
    // It may have waited before admission.
    if (this.#isTooOld(job)) {
      this.#drop(job, 'too_old');
      return;
    }
    const isDeferred = this.#isWorthGathering;
    const worker = this.#queue.size === 0 && !isDeferred ? this.#nextWorker() : undefined;
    if (worker !== undefined) {
      this.#dispatch(job, worker);
      return;
    }
    const evicted = this.#queue.push(job);
    if (evicted !== undefined) this.#drop(evicted, 'queue_full');
    // Frames may be queued only because no worker was close to finishing when they were admitted.
    if (isDeferred) this.#pumpSoon();
    else this.#pump();
  }

  /** Drops every waiting frame. */
  dropQueue(cause: DropCause, error?: EffvitError): void {
    for (const job of this.#queue.clear()) this.#drop(job, cause, error);
    this.admissible.notifyAll();
  }

  #listenTo(worker: WorkerThread<WorkerJob<Value>>): void {
    worker.on('done', (job, report, error) => {
      if (job instanceof RegionShare) this.#onShareDone(worker, job, report, error);
      else this.#onDone(worker, job, report);
    });
    worker.on('failed', (job, error) => {
      const { frame, model } = job instanceof RegionShare ? job.job : job;
      error.addContext({ source: frame.source, backend: model?.backend.kind });
      this.#pump();
      this.#fail(job, error);
      this.#tellWanted();
    });
    worker.on('lost', (started, notStarted, error) => {
      for (const job of notStarted.toReversed()) {
        if (job instanceof RegionShare) this.#shares.giveBack(job);
        else this.#queue.unshift(job);
      }
      this.#pump();
      for (const { job, partly } of started) {
        if (partly !== undefined && job instanceof RegionShare) this.#onShareDone(worker, job, partly, error);
        else this.#fail(job, error);
      }
      this.#tellWanted();
    });
  }

  /** Passes waiting frames to workers with capacity. If no worker can serve, the frames are dropped. */
  #pump(): void {
    if (this.workers.isBroken) this.dropQueue('worker_died', this.workers.status().lastDeath);
    for (let worker = this.#nextWorker(); worker !== undefined; worker = this.#nextWorker()) {
      const jobs = this.#takeJobs(this.#shareOf(worker));
      if (jobs.length === 0) break;
      for (const [index, job] of jobs.entries()) {
        if (jobs.length > 1) worker.held.channel.expect(jobs.length - index);
        this.#dispatch(job, worker);
      }
      // A frame that was announced to the worker may have failed.
      if (jobs.length > 1) worker.held.channel.expect(0);
    }
    this.admissible.notifyAll();
  }

  /** How many waiting frames this worker may take; idle workers of a CPU divide them. */
  #shareOf({ held: { openPlaces } }: WorkerThread<WorkerJob<Value>>): number {
    if (!this.hasBatches || !this.isOnCpu) return openPlaces;
    const idleCount = this.workers.serving.filter(({ held }) => held.isEmpty).length;
    return Math.min(openPlaces, Math.ceil(this.#queue.size / Math.max(idleCount, 1)));
  }

  /** Takes up to `most` frames off the queue and drops those that are too old. */
  #takeJobs(most: number): FrameJob<Value>[] {
    const jobs: FrameJob<Value>[] = [];
    while (jobs.length < most) {
      const job = this.#queue.shift();
      if (job === undefined) break;
      if (job.isOvertaken) this.#drop(job, 'overtaken');
      else if (this.#isTooOld(job)) this.#drop(job, 'too_old');
      else jobs.push(job);
    }
    return jobs;
  }

  /**
   * Whether to wait for more frames in the same turn of the event loop: a task is already running on the device, so
   * waiting costs nothing and the next task may become a larger batch.
   */
  get #isWorthGathering(): boolean {
    if (!this.hasBatches || this.#live.maxBatch === 1) return false;
    const { serving } = this.workers;
    if (this.isOnCpu && serving.some(({ held }) => held.isEmpty)) return false;
    return serving.some((worker) => !worker.held.isEmpty && !worker.held.isGathering);
  }

  #pumpSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.#pump();
      this.#tellWanted();
    });
  }

  /** Notifies the waiting caller that a frame is accepted, now or when a worker is about to be free. */
  #tellWanted(): void {
    this.#wantingTimer?.cancel();
    this.#wantingTimer = undefined;
    const callback = this.#wanting;
    if (callback === undefined) return;
    if (this.wantsFrame()) {
      this.#wanting = undefined;
      callback();
      return;
    }
    const busy = this.workers.serving.filter(({ held }) => held.hasCapacity);
    const freeNs = Math.min(...busy.map(({ held }) => held.expectedFreeNs));
    // Until a worker's service time is known, the end of its frame triggers the next check.
    if (!Number.isFinite(freeNs)) return;
    const delayMs = Math.ceil((freeNs - AHEAD_NS - this.#clock.nowNs()) / NS_PER_MS);
    this.#wantingTimer = this.#clock.setTimer(Math.max(delayMs, 1), () => {
      this.#pump();
      this.#tellWanted();
    });
  }

  /** A busy worker gets a live frame only shortly before it is free: no newer frame can replace it there. */
  #nextWorker(): WorkerThread<WorkerJob<Value>> | undefined {
    const isLive = this.#live.dropPolicy !== 'block';
    const untilNs = isLive ? this.#clock.nowNs() + AHEAD_NS : Number.POSITIVE_INFINITY;
    return this.#workerBy(untilNs);
  }

  #workerBy(untilNs: number): WorkerThread<WorkerJob<Value>> | undefined {
    return chooseWorker(this.workers.serving, untilNs, this.isOnCpu);
  }

  #dispatch(job: FrameJob<Value>, worker: WorkerThread<WorkerJob<Value>>): void {
    const { model } = this;
    const { frame } = job;
    job.model = model;
    job.queueWaitNs = this.#clock.nowNs() - job.admittedNs;
    if (job.regions !== undefined) {
      if (this.#isOrdered) this.#reorder.reserve(job);
      this.#shares.dispatch(job, this.#helpersOf(job, worker), model.preprocess);
      return;
    }
    try {
      const plan = job.planFor(model.preprocess);
      job.copyNs = worker.run(job, { frame, plan, preprocess: model.preprocess, ranking: model.ranking });
    } catch (error) {
      this.#fail(job, asEffvitError(error, 'BAD_IMAGE', undefined, { source: job.frame.source }));
      return;
    }
    if (this.#isOrdered) this.#reorder.reserve(job);
  }

  /** The worker and all idle ones: each can compute a share of the frame's regions. */
  #helpersOf(job: FrameJob<Value>, worker: WorkerThread<WorkerJob<Value>>) {
    // Each worker would decode a compressed picture again; a device that crops takes all regions as one task.
    if (job.frame.kind === 'compressed' || worker.held.handover.hasResizer) return [worker];
    return [worker, ...this.workers.serving.filter((one) => one !== worker && one.held.isEmpty)];
  }

  #onShareDone(
    worker: WorkerThread<WorkerJob<Value>>,
    share: RegionShare<Value>,
    report: WorkerReport,
    error: EffvitError | undefined,
  ): void {
    // The worker first: it computes while this thread goes on with the frame.
    this.#pump();
    this.#shares.onDone(share, worker, report, share.job.model ?? this.model, error);
    this.#tellWanted();
  }

  #onDone(worker: WorkerThread<WorkerJob<Value>>, job: FrameJob<Value>, report: WorkerReport): void {
    const model = job.model ?? this.model;
    const nv12 = job.keepNv12 ? report.copyNv12() : undefined;
    const logits = job.keepLogits || model.judge !== undefined ? report.logits.slice() : undefined;
    // The worker first: it computes while this thread goes on with the frame.
    this.#pump();
    if (worker.held.isEmpty) this.#tellWanted();
    this.#readScores(worker, job, report, { nv12, logits });
    this.#tellWanted();
  }

  #readScores(
    { id: workerId, generation }: WorkerThread<WorkerJob<Value>>,
    job: FrameJob<Value>,
    report: WorkerReport,
    copies: Pick<FinishedValue<Value>, 'nv12' | 'logits'>,
  ): void {
    const startNs = this.#clock.nowNs();
    let value: Value;
    try {
      value = (job.model ?? this.model).postprocess(report.logits, report.ranked);
    } catch (error) {
      this.#fail(job, asEffvitError(error, 'INFERENCE_FAILED', 'Postprocessing failed'));
      return;
    }
    const postprocessNs = this.#clock.nowNs() - startNs + report.times.rankNs;
    job.finished = { kind: 'value', value, report, postprocessNs, workerId, generation, ...copies };
    this.#finish(job);
  }

  #fail(job: WorkerJob<Value>, error: EffvitError): void {
    if (job instanceof RegionShare) this.#shares.fail(job, error);
    else this.#drop(job, dropCauseOf(error.code), error);
  }

  /** Ends the frame, or its waiting regions, without a result. A frame with a reserved place is delivered in order. */
  #drop(job: FrameJob<Value>, cause: DropCause, error?: EffvitError): void {
    if (job.regions !== undefined) {
      this.#shares.drop(job, cause, error);
      return;
    }
    job.finished = { kind: 'drop', cause, error };
    this.#finish(job);
  }

  #finish(job: FrameJob<Value>): void {
    if (job.isOvertaken && job.finished?.kind !== 'drop') {
      job.finished = { kind: 'drop', cause: 'overtaken', error: undefined };
    }
    if (!this.#reorder.complete(job, this.#clock.nowNs())) this.#deliver(job);
    else this.#expireLater();
  }

  /** Starts the timer that limits how long a result is held back. */
  #expireLater(): void {
    const heldNs = this.#reorder.oldestHeldNs;
    const { orderTimeoutMs, dropPolicy } = this.#live;
    if (heldNs === undefined || this.#expiry !== undefined) return;
    if (orderTimeoutMs === 0 || dropPolicy === 'block') return;
    const delayMs = Math.max(orderTimeoutMs - (this.#clock.nowNs() - heldNs) / NS_PER_MS, 0);
    this.#expiry = this.#clock.setTimer(delayMs, () => {
      this.#expiry = undefined;
      this.#reorder.expire(this.#clock.nowNs() - orderTimeoutMs * NS_PER_MS, (job) => {
        job.isOvertaken = true;
      });
      this.#expireLater();
    });
  }

  #deliver(job: FrameJob<Value>): void {
    job.judge();
    const { finished } = job;
    if (finished === undefined) return;
    if (finished.kind === 'drop') {
      this.statistics.dropped(finished.cause);
      job.drop(finished.cause, finished.error);
    } else {
      const nowNs = this.#clock.nowNs();
      const delayNs = this.#delayNs(job.frame);
      const traits = { isCompressed: job.frame.kind === 'compressed', hasBatches: this.hasBatches };
      if (finished.kind === 'value') {
        const timings = job.publish(finished, nowNs, delayNs);
        const taskCount = 1 / finished.report.batchSize;
        this.statistics.published(timings, { ...traits, inputCount: 1, taskCount }, nowNs);
      } else {
        const { regions } = finished;
        const timings = job.publishRegions(regions, nowNs, delayNs);
        const { computedCount: inputCount, taskCount } = regions;
        this.statistics.regions.add(regions.outcomes());
        this.statistics.published(timings, { ...traits, inputCount, taskCount }, nowNs);
      }
    }
    this.drained.notifyAll();
  }

  #applyBatchLimits(): void {
    const { maxBatch: largestBatch, batchWaitMs: waitMs } = this.#live;
    for (const worker of this.workers.serving) worker.held.setBatchLimits({ largestBatch, waitMs });
  }

  #isTooOld(job: FrameJob<Value>): boolean {
    const { maxAgeMs } = this.#live;
    return maxAgeMs !== 0 && this.#clock.nowNs() - job.admittedNs > maxAgeMs * NS_PER_MS;
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
