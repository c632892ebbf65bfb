import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { stampToNs } from '../core/Stamp.js';
import type { FrameHeader, ImageFrame } from '../image/ImageFrame.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import type { DropCause, FrameCounts } from '../stats/FrameAccounting.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { StageStatistics } from '../stats/StageStatistics.js';
import { dropCauseOf } from './dropCauseOf.js';
import { FrameJob, type SubmitOptions } from './FrameJob.js';
import type { FrameOutcome } from './FrameOutcome.js';
import { FrameQueue } from './FrameQueue.js';
import {
  changedOptions,
  checkThreads,
  type FixedPoolOptions,
  type InferencePoolOptions,
  type LivePoolOptions,
  type PoolModel,
  poolOptions,
} from './PoolOptions.js';
import { PoolStatistics } from './PoolStatistics.js';
import type { PoolWorker, WorkerReport } from './PoolWorker.js';
import { ResultOrder } from './ResultOrder.js';
import { Waiters } from './Waiters.js';
import { type CrewStatus, WorkerCrew } from './WorkerCrew.js';
import { withinLimit } from './withinLimit.js';

/** The longest that close waits for what was begun, where the caller gives no limit. */
const CLOSE_LIMIT_MS = 20_000;
const NS_PER_MS = 1e6;

/**
 * From frames to values, on worker threads.
 *
 * ```ts
 * const pool = new InferencePool({
 *   model: {
 *     backend: { kind: 'onnx', modelPath, input: manifest.input, yuvRange: manifest.preprocess.yuvRange },
 *     preprocess: preprocessOptions({ ...manifest.preprocess, widthPx: 224, heightPx: 224 }),
 *     postprocess: (logits) => topK(logits, 5, 'logits'),
 *   },
 *   threads: 2,
 * });
 * await pool.start();
 * ```
 *
 * A live camera submits and goes on; what does not fit is dropped by policy and counted:
 * `void pool.submit(frame).then(publish)`. A reader that must lose nothing takes the policy `block` and
 * waits before each frame: `await pool.ready(); void pool.submit(frame).then(report)`, then `await pool.drain()`.
 *
 * `submit` never throws and its promise never rejects: a frame's outcome is a result or a drop with its cause.
 * The outcomes of one source resolve in the order of submission (`ordered`), drops from the queue aside.
 * A frame's `data` is read until its outcome resolves; see {@link SubmitOptions} for data that is reused.
 */
export class InferencePool<Value> {
  readonly #statistics = new PoolStatistics();
  readonly #fixed: FixedPoolOptions;
  readonly #stampClockNs: (() => bigint) | undefined;
  readonly #queue: FrameQueue<FrameJob<Value>>;
  readonly #order: ResultOrder<FrameJob<Value>>;
  readonly #crew: WorkerCrew<FrameJob<Value>>;
  #live: LivePoolOptions;
  #model: PoolModel<Value>;
  #info: LoadedModelInfo | undefined;
  #state: 'new' | 'open' | 'closed' = 'new';
  readonly #room = new Waiters(() => this.#state === 'closed' || this.#queue.hasRoom);
  readonly #drained = new Waiters(() => this.#statistics.accounting.inFlight === 0);

  /** @throws EffvitError OUT_OF_RANGE naming every wrong option. */
  constructor(options: InferencePoolOptions<Value>) {
    const { fixed, live } = poolOptions(options);
    this.#fixed = fixed;
    this.#live = live;
    this.#model = options.model;
    this.#stampClockNs = options.stampClockNs;
    this.#queue = new FrameQueue(this.#live.queueSize, this.#live.dropPolicy);
    this.#order = new ResultOrder((job) => this.#deliver(job));
    this.#crew = new WorkerCrew(this.#fixed, {
      done: (worker, job, report) => this.#onDone(worker, job, report),
      failed: (_worker, job, error) => this.#onFailed(job, error),
      lost: (_worker, begun, unbegun, error) => this.#onLost(begun, unbegun, error),
      changed: () => this.#onCrewChanged(),
    });
  }

  /** Undefined until {@link start} has loaded the model. */
  get info(): LoadedModelInfo | undefined {
    return this.#info;
  }

  /** Latencies by stage, of published frames. */
  get statistics(): StageStatistics {
    return this.#statistics.stages;
  }

  /** received = published + the sum of dropped + inFlight, at every moment. */
  counts(): FrameCounts {
    return this.#statistics.accounting.counts();
  }

  /** Frames that wait for a worker. */
  get queuedCount(): number {
    return this.#queue.size;
  }

  get options(): LivePoolOptions {
    return this.#live;
  }

  workers(): CrewStatus {
    return this.#crew.status();
  }

  /** Published frames a second over the last five seconds. */
  framesPerSecond(): number {
    return this.#statistics.framesPerSecond(monotonicNs());
  }

  /** Counts and latencies from now on; frames in flight stay in flight. */
  resetStatistics(): void {
    this.#statistics.reset();
  }

  /**
   * Loads the model on every worker. Frames may be submitted before: they wait in the queue.
   *
   * @throws EffvitError BAD_MODEL, NOT_FOUND, BPU_FAILED, BAD_CONFIG where the model's input differs from the
   *   preprocessing, CLOSED where {@link close} came first. Nothing is left running; the pool is closed.
   */
  async start(): Promise<LoadedModelInfo> {
    if (this.#state !== 'new') throw new EffvitError('CLOSED', 'A pool is started once: make a new one.');
    this.#state = 'open';
    try {
      return await this.#load(this.#model, this.#fixed.threads);
    } catch (error) {
      await this.close({ drain: false });
      throw error;
    }
  }

  /** Hands over a frame. The outcome resolves once it is published or dropped; it never rejects. */
  submit(frame: ImageFrame, options: SubmitOptions = {}): Promise<FrameOutcome<Value>> {
    const job = new FrameJob<Value>(frame, options, monotonicNs());
    this.#statistics.accounting.receive();
    if (this.#state === 'closed') this.#drop(job, 'closed');
    else if (this.#crew.isBroken) this.#drop(job, 'worker_died', this.#crew.status().lastDeath);
    else this.#admit(job);
    return job.outcome;
  }

  /** Counts a frame that the caller does not want classified: `rate_limited`, `deactivated`. */
  refuse(cause: DropCause): void {
    this.#statistics.accounting.receive();
    this.#statistics.dropped(cause);
  }

  /** Resolves when a frame can be submitted without another being dropped for it; at once when closed. */
  async ready(): Promise<void> {
    await this.#room.wait();
  }

  /** Changes options at once, for waiting frames too. @throws EffvitError OUT_OF_RANGE; nothing changed then. */
  setOptions(changes: Partial<LivePoolOptions>): void {
    this.#live = changedOptions(changes, this.#live);
    const { queueSize, dropPolicy } = this.#live;
    for (const job of this.#queue.configure(queueSize, dropPolicy)) this.#drop(job, 'queue_full');
    // Under `block` workers take frames ahead that they did not take before.
    this.#pump();
  }

  /** Other preprocessing or postprocessing of the same model, from the next frame on that a worker gets. */
  setModelOptions(changes: Partial<Omit<PoolModel<Value>, 'backend'>>): void {
    const model = { ...this.#model, ...changes };
    if (this.#info !== undefined) checkInputSize(model, this.#info);
    this.#model = model;
  }

  /**
   * 1 to 16 workers from now on; resolves when the new number serves. No frame is lost, none is done twice.
   *
   * @throws EffvitError OUT_OF_RANGE, or why further workers did not load: the old number serves on.
   */
  async resize(threads: number): Promise<void> {
    checkThreads(threads);
    await this.#crew.resize(threads);
  }

  /**
   * Another model, loaded beside the old one. Frames that workers have are finished by the old one.
   *
   * @throws EffvitError as {@link start}; the old model serves on.
   */
  async swapModel(model: PoolModel<Value>): Promise<LoadedModelInfo> {
    return await this.#load(model, undefined);
  }

  /** Resolves when no frame is in flight: at the latest when every run has timed out. For a started pool. */
  async drain(): Promise<void> {
    await this.#drained.wait();
  }

  /**
   * Ends the pool, at any moment, as often as wanted. Further frames are dropped as `closed`. Frames that
   * workers have are finished; those that wait too, unless `drain` is false: then they are dropped as `closed`.
   * Resolves when every thread has ended, within `limitMs` (default 20000) for the frames and as much for the
   * threads.
   *
   * To leave the process, await this first. Where that cannot be waited for (a second Ctrl-C), raise the signal
   * again without a handler, or call process.exit: it waits for the runs that were begun.
   */
  async close(options: { readonly drain?: boolean; readonly limitMs?: number } = {}): Promise<void> {
    const { drain = this.#state !== 'new', limitMs = CLOSE_LIMIT_MS } = options;
    this.#state = 'closed';
    this.#room.look();
    if (!drain) this.#dropQueue('closed');
    await withinLimit(this.drain(), limitMs);
    this.#dropQueue('closed');
    await this.#crew.close(limitMs);
    // What workers that hung have given back.
    this.#dropQueue('closed');
  }

  async #load(model: PoolModel<Value>, threads: number | undefined): Promise<LoadedModelInfo> {
    let loaded: LoadedModelInfo | undefined;
    await this.#crew.swap(model.backend, threads, (info) => {
      checkInputSize(model, info);
      this.#model = model;
      this.#info = info;
      loaded = info;
    });
    if (loaded === undefined)
      throw new EffvitError('INTERNAL', 'No model was adopted; this is a defect of effvit.');
    return loaded;
  }

  #admit(job: FrameJob<Value>): void {
    try {
      job.planFor(this.#model.preprocess);
    } catch (error) {
      this.#drop(job, 'bad_image', asEffvitError(error, 'BAD_IMAGE'));
      return;
    }
    const worker = this.#queue.size === 0 ? this.#taker() : undefined;
    if (worker !== undefined) {
      this.#dispatch(job, worker);
      return;
    }
    const evicted = this.#queue.push(job);
    if (evicted !== undefined) this.#drop(evicted, 'queue_full');
    if (evicted !== job) job.keep();
  }

  /** Gives waiting frames to workers that can take one. */
  #pump(): void {
    for (let worker = this.#taker(); worker !== undefined; worker = this.#taker()) {
      const job = this.#queue.shift();
      if (job === undefined) break;
      if (this.#isTooOld(job)) this.#drop(job, 'too_old');
      else this.#dispatch(job, worker);
    }
    this.#room.look();
  }

  /**
   * Under `block` a busy worker takes the next frame ahead, which hides the way between the threads. A live camera
   * gains nothing by it: its frame would wait where it can no longer be dropped for a newer one.
   */
  #taker(): PoolWorker<FrameJob<Value>> | undefined {
    return this.#crew.taker(this.#live.dropPolicy === 'block');
  }

  #dispatch(job: FrameJob<Value>, worker: PoolWorker<FrameJob<Value>>): void {
    // Serving workers all have the current model: it changes at the moment that they do.
    const model = this.#model;
    job.model = model;
    job.queueWaitNs = monotonicNs() - job.admittedNs;
    try {
      job.copyNs = worker.run(job, job.frame, job.planFor(model.preprocess), model.preprocess);
    } catch (error) {
      const failure = asEffvitError(error, 'BAD_IMAGE');
      this.#drop(job, dropCauseOf(failure.code), failure);
      return;
    }
    if (this.#fixed.ordered) this.#order.begin(job);
  }

  #onDone(worker: PoolWorker<FrameJob<Value>>, job: FrameJob<Value>, report: WorkerReport): void {
    const nv12 = job.keepNv12 ? report.copyNv12() : undefined;
    // The worker first: it computes while this thread goes on with the frame.
    this.#pump();
    const beganNs = monotonicNs();
    let value: Value;
    try {
      value = (job.model ?? this.#model).postprocess(report.logits);
    } catch (error) {
      this.#fail(job, asEffvitError(error, 'INFERENCE_FAILED', 'Postprocessing failed'));
      return;
    }
    const postprocessNs = monotonicNs() - beganNs;
    const { index: workerIndex, generation } = worker;
    job.finished = { kind: 'value', value, report, postprocessNs, workerIndex, generation, nv12 };
    this.#finish(job);
  }

  #onFailed(job: FrameJob<Value>, error: EffvitError): void {
    this.#pump();
    this.#fail(job, error);
  }

  #onLost(begun: readonly FrameJob<Value>[], unbegun: readonly FrameJob<Value>[], error: EffvitError): void {
    for (const job of unbegun.toReversed()) {
      if (job.isDataLent) this.#fail(job, error);
      else this.#queue.unshift(job);
    }
    this.#pump();
    for (const job of begun) this.#fail(job, error);
  }

  #fail(job: FrameJob<Value>, error: EffvitError): void {
    this.#drop(job, dropCauseOf(error.code), error);
  }

  #drop(job: FrameJob<Value>, cause: DropCause, error?: EffvitError): void {
    job.finished = { kind: 'drop', cause, error };
    this.#finish(job);
  }

  #finish(job: FrameJob<Value>): void {
    if (this.#order.has(job)) this.#order.finish(job);
    else this.#deliver(job);
  }

  #deliver(job: FrameJob<Value>): void {
    const { finished } = job;
    if (finished === undefined) return;
    if (finished.kind === 'drop') {
      this.#statistics.dropped(finished.cause);
      job.drop(finished.cause, finished.error);
    } else {
      const nowNs = monotonicNs();
      const timings = job.publish(finished, nowNs, this.#delayNs(job.frame));
      this.#statistics.published(timings, job.frame.kind === 'compressed', nowNs);
    }
    this.#drained.look();
  }

  #dropQueue(cause: DropCause, error?: EffvitError): void {
    for (const job of this.#queue.clear()) this.#drop(job, cause, error);
    this.#room.look();
  }

  #onCrewChanged(): void {
    const { isBroken, lastDeath } = this.#crew.status();
    if (isBroken) this.#dropQueue('worker_died', lastDeath);
    else this.#pump();
  }

  #isTooOld(job: FrameJob<Value>): boolean {
    const { maxAgeMs, maxAgeFrom } = this.#live;
    if (maxAgeMs === 0) return false;
    const delayNs = maxAgeFrom === 'stamp' ? this.#delayNs(job.frame) : undefined;
    return (delayNs ?? monotonicNs() - job.admittedNs) > maxAgeMs * NS_PER_MS;
  }

  /** Undefined without a clock, and for a frame without a stamp. */
  #delayNs({ stamp }: FrameHeader): number | undefined {
    if (this.#stampClockNs === undefined || (stamp.sec === 0 && stamp.nanosec === 0)) return undefined;
    return Number(this.#stampClockNs() - stampToNs(stamp));
  }
}

/** @throws EffvitError BAD_CONFIG */
function checkInputSize<Value>({ preprocess }: PoolModel<Value>, info: LoadedModelInfo): void {
  if (preprocess.widthPx === info.inputWidthPx && preprocess.heightPx === info.inputHeightPx) return;
  throw new EffvitError(
    'BAD_CONFIG',
    `Frames are prepared at ${preprocess.widthPx}x${preprocess.heightPx} but the model takes ${info.inputWidthPx}x${info.inputHeightPx}: correct the manifest.`,
  );
}
