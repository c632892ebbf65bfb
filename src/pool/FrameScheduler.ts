import { asEffvitError, type EffvitError } from '../core/EffvitError.js';
import { type LoadedModelInfo, largestBatchOf } from '../inference/InferenceBackend.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import { NS_PER_MS } from '../stats/monotonicNs.js';
import { Condition } from './Condition.js';
import { FrameDelivery } from './FrameDelivery.js';
import type { FrameJob, FramePart } from './FrameJob.js';
import { FrameQueue } from './FrameQueue.js';
import type { WorkerReport } from './HeldFrames.js';
import { type PoolClock, systemClock } from './PoolClock.js';
import {
  type FixedPoolOptions,
  type InferencePoolOptions,
  type LivePoolOptions,
  type PoolModel,
  poolOptions,
} from './PoolOptions.js';
import { PoolStatistics } from './PoolStatistics.js';
import { WaitingCaller } from './WaitingCaller.js';
import { type FrameWorker, WorkerChoice } from './WorkerChoice.js';
import { WorkerGroup } from './WorkerGroup.js';

/**
 * Owns a pool's state: the waiting frames, the workers and their frames, the results that wait for delivery, and the
 * counts. Workers emit events for their frames; all decisions are made here.
 */
export class FrameScheduler<Value> {
  /** Counts and latencies of its frames. */
  readonly statistics: PoolStatistics;
  readonly clock: PoolClock;
  readonly fixed: FixedPoolOptions;
  readonly group: WorkerGroup<FramePart<Value>>;
  readonly delivery: FrameDelivery<Value>;
  /** A frame can be admitted without dropping another. */
  readonly admissible = new Condition(() => this.#isClosed || this.#queue.hasCapacity);
  readonly caller: WaitingCaller;
  /** Preprocessing and postprocessing of frames; with another backend use {@link adopt}. */
  model: PoolModel<Value>;
  readonly #queue: FrameQueue<FrameJob<Value>>;
  readonly #choice: WorkerChoice<Value>;
  #live: LivePoolOptions;
  #isClosed = false;
  #soon: NodeJS.Immediate | undefined;

  /** @throws EffvitError OUT_OF_RANGE naming every wrong option. */
  constructor(options: InferencePoolOptions<Value>) {
    const { model, stampClockNs, clock = systemClock } = options;
    const { fixed, live } = poolOptions(options);
    this.model = model;
    this.fixed = fixed;
    this.clock = clock;
    this.statistics = new PoolStatistics(clock);
    this.#live = live;
    this.delivery = new FrameDelivery<Value>(clock, this.statistics, stampClockNs, () =>
      this.#live.dropPolicy === 'block' ? 0 : this.#live.orderTimeoutMs,
    );
    this.#queue = new FrameQueue(live.queueSize, live.dropPolicy);
    this.group = new WorkerGroup(fixed, clock);
    this.group.on('created', (worker) => this.#listenTo(worker));
    this.group.on('changed', () => {
      this.#applyBatchLimits();
      this.#pumpAndNotify();
    });
    this.#choice = new WorkerChoice(this.group, clock);
    this.caller = new WaitingCaller(
      clock,
      this.#choice,
      () => this.wantsFrame(),
      () => this.#pumpAndNotify(),
    );
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
    this.delivery.applyLimit();
    // Under `block` busy workers also take frames ahead, so a change of policy can create capacity.
    this.#pumpAndNotify();
  }

  /** Drops frames that are admitted from now on. */
  close(): void {
    this.#isClosed = true;
    this.admissible.notifyAll();
    this.caller.notify();
  }

  /** Call this together with replacing the workers. */
  adopt(model: PoolModel<Value>, info: LoadedModelInfo): void {
    this.model = model;
    this.#choice.hasBatches = largestBatchOf(info) > 1;
    this.statistics.hasBatches = this.#choice.hasBatches;
    this.#choice.isOnCpu = info.backend === 'onnx';
  }

  /** See InferencePool. */
  wantsFrame(withinNs?: number): boolean {
    // Under other policies newer frames do not replace waiting ones.
    if (this.#isClosed || this.group.isBroken || this.#live.dropPolicy !== 'oldest') return true;
    const worker = this.#choice.next(withinNs);
    return worker !== undefined && this.#queue.size < worker.held.openPlaces;
  }

  /** Admits a frame: it is passed to a worker, queued, or dropped. */
  admit(job: FrameJob<Value>): void {
    this.statistics.frames.receive();
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
    const isDeferred = this.#live.maxBatch !== 1 && this.#choice.isWorthGathering;
    const worker = this.#queue.size === 0 && !isDeferred ? this.#nextWorker() : undefined;
    if (worker !== undefined) {
      this.#dispatch(job, worker);
      return;
    }
    const evicted = this.#queue.push(job);
    if (evicted !== undefined) this.#drop(evicted, 'queue_full');
    // Frames may be queued only because no worker was close to finishing when they were admitted.
    if (!isDeferred) this.#pump();
    else {
      this.#soon ??= setImmediate(() => {
        this.#soon = undefined;
        this.#pumpAndNotify();
      });
    }
  }

  /** Drops every waiting frame. */
  dropQueue(cause: DropCause, error?: EffvitError): void {
    for (const job of this.#queue.clear()) this.#drop(job, cause, error);
    this.admissible.notifyAll();
  }

  #listenTo(worker: FrameWorker<Value>): void {
    worker.on('done', (part, report, error) => this.#onDone(worker, part, report, error));
    worker.on('failed', (part, error) => {
      const { frame, model } = part.job;
      error.addContext({ source: frame.source, backend: model.backend.kind });
      this.#pump();
      this.#fail(part, error);
      this.caller.notify();
    });
    worker.on('lost', (started, notStarted, error) => {
      for (const part of notStarted.toReversed()) {
        if (part.job.giveBack(part)) this.#queue.unshift(part.job);
      }
      this.#pump();
      for (const { job: part, partly } of started) {
        if (partly === undefined) this.#fail(part, error);
        else this.#onDone(worker, part, partly, error);
      }
      this.caller.notify();
    });
  }

  /** Passes waiting frames to workers with capacity. If no worker can serve, the frames are dropped. */
  #pump(): void {
    if (this.group.isBroken) this.dropQueue('worker_died', this.group.status().lastDeath);
    for (let worker = this.#nextWorker(); worker !== undefined; worker = this.#nextWorker()) {
      const jobs = this.#takeJobs(this.#choice.shareOf(worker, this.#queue.size));
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

  #pumpAndNotify(): void {
    this.#pump();
    this.caller.notify();
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

  /** A busy worker gets a live frame only shortly before it is free: no newer frame can replace it there. */
  #nextWorker(): FrameWorker<Value> | undefined {
    return this.#choice.next(this.#live.dropPolicy === 'block' ? Number.POSITIVE_INFINITY : undefined);
  }

  #dispatch(job: FrameJob<Value>, worker: FrameWorker<Value>): void {
    const { frame } = job;
    const { preprocess, ranking } = this.model;
    job.model = this.model;
    job.queueWaitNs = this.clock.nowNs() - job.admittedNs;
    const workers = this.#choice.helpersOf(job, worker);
    // Before the handover: regions that fail there are delivered in order too.
    if (this.fixed.ordered && job.regions !== undefined) this.delivery.reserve(job);
    let copyNs = 0;
    for (const [index, part] of job.takeParts(workers.length).entries()) {
      try {
        const handed = { frame, plan: job.planFor(preprocess), preprocess, boxes: part.boxes, ranking };
        copyNs += workers[index]?.run(part, handed) ?? 0;
        part.copyNs = copyNs;
      } catch (thrown) {
        job.fail(part, asEffvitError(thrown, 'BAD_IMAGE', undefined, { source: frame.source }));
      }
    }
    if (this.fixed.ordered && job.ending === undefined) this.delivery.reserve(job);
    this.delivery.finish(job);
  }

  #onDone(
    worker: FrameWorker<Value>,
    part: FramePart<Value>,
    report: WorkerReport,
    error?: EffvitError,
  ): void {
    const { job } = part;
    job.retain(report);
    // The worker first: it computes while this thread goes on with the frame.
    this.#pump();
    if (worker.held.isEmpty) this.caller.notify();
    const startNs = this.clock.nowNs();
    job.settle(part, report, worker, error);
    job.postprocessNs += this.clock.nowNs() - startNs + report.times.rankNs;
    this.delivery.finish(job);
    this.caller.notify();
  }

  #fail(part: FramePart<Value>, error: EffvitError): void {
    part.job.fail(part, error);
    this.delivery.finish(part.job);
  }

  /** Ends what waits of the frame. A frame with a reserved place is delivered in order. */
  #drop(job: FrameJob<Value>, cause: DropCause, error?: EffvitError): void {
    job.giveUp(cause, error);
    this.delivery.finish(job);
  }

  #applyBatchLimits(): void {
    const { maxBatch: largestBatch, batchWaitMs: waitMs } = this.#live;
    for (const { held } of this.group.serving) held.setBatchLimits({ largestBatch, waitMs });
  }

  #isTooOld(job: FrameJob<Value>): boolean {
    const { maxAgeMs } = this.#live;
    return maxAgeMs !== 0 && this.clock.nowNs() - job.admittedNs > maxAgeMs * NS_PER_MS;
  }
}
