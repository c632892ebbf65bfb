import { EffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import type { RegionBox } from '../image/PictureRegion.js';
import { type LoadedModelInfo, largestBatchOf } from '../inference/InferenceBackend.js';
import type { DropCause, FrameCounts } from '../stats/FrameAccounting.js';
import type { StageStatistics } from '../stats/StageStatistics.js';
import { FrameJob, type SubmitOptions } from './FrameJob.js';
import type { FrameOutcome } from './FrameOutcome.js';
import { FrameRegions } from './FrameRegions.js';
import { FrameScheduler } from './FrameScheduler.js';
import { type PoolClock, systemClock } from './PoolClock.js';
import {
  changedOptions,
  checkThreads,
  type FixedPoolOptions,
  type InferencePoolOptions,
  type LivePoolOptions,
  type PoolModel,
  poolOptions,
} from './PoolOptions.js';
import type { RegionCounts } from './RegionAccounting.js';
import type { RegionsOutcome } from './RegionOutcome.js';
import { MAX_REGIONS } from './RegionRecord.js';
import type { WorkerStatus } from './WorkerGroup.js';
import { withinLimit } from './withinLimit.js';

/** What changes together with the model. */
export interface ModelChange {
  readonly threads?: number;
  readonly accept?: (info: LoadedModelInfo) => void;
}

export interface WaitOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

export interface CloseOptions extends WaitOptions {
  /** Finish the frames that wait; else they are dropped as `closed`. */
  readonly drain?: boolean;
}

/** The longest that close waits for frames, and then for threads. */
const CLOSE_LIMIT_MS = 20_000;

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
 * A frame's `data` is read until its outcome resolves.
 */
export class InferencePool<Value> {
  readonly #fixed: FixedPoolOptions;
  readonly #clock: PoolClock;
  readonly #scheduler: FrameScheduler<Value>;
  #info: LoadedModelInfo | undefined;
  #state: 'new' | 'started' | 'closed' = 'new';

  /** @throws EffvitError OUT_OF_RANGE naming every wrong option. */
  constructor(options: InferencePoolOptions<Value>) {
    const { model, stampClockNs, clock = systemClock } = options;
    const { fixed, live } = poolOptions(options);
    this.#fixed = fixed;
    this.#clock = clock;
    this.#scheduler = new FrameScheduler<Value>({ model, fixed, live, stampClockNs, clock });
  }

  /** Undefined until {@link start} has loaded the model. */
  get info(): LoadedModelInfo | undefined {
    return this.#info;
  }

  /** Latencies by stage, of published frames. */
  get statistics(): StageStatistics {
    return this.#scheduler.statistics.stages;
  }

  /** received = published + the sum of dropped + inFlight, at every moment. */
  counts(): FrameCounts {
    return this.#scheduler.statistics.accounting.counts();
  }

  /** Frames that wait for a worker. */
  get queuedCount(): number {
    return this.#scheduler.queuedCount;
  }

  get options(): LivePoolOptions {
    return this.#scheduler.live;
  }

  workers(): WorkerStatus {
    return this.#scheduler.workers.status();
  }

  /** Published frames a second over the last five seconds. */
  framesPerSecond(): number {
    return this.#scheduler.statistics.framesPerSecond(this.#clock.nowNs());
  }

  /** Published frames a task; 1 for a model that takes one alone. */
  get meanBatchSize(): number {
    return this.#scheduler.statistics.meanBatchSize;
  }

  /** What became of the regions of published frames. */
  regionCounts(): RegionCounts {
    return this.#scheduler.statistics.regions.counts();
  }

  /** Counts and latencies from now on; frames in flight stay in flight. */
  resetStatistics(): void {
    this.#scheduler.statistics.reset();
  }

  /**
   * Loads the model on every worker. Frames may be submitted before: they wait in the queue.
   *
   * @throws EffvitError BAD_MODEL, NOT_FOUND, BPU_FAILED, BAD_CONFIG where the model's input differs from the
   *   preprocessing, CLOSED where {@link close} came first. Nothing is left running; the pool is closed.
   */
  async start(): Promise<LoadedModelInfo> {
    if (this.#state !== 'new') throw new EffvitError('CLOSED', 'A pool is started once: make a new one.');
    this.#state = 'started';
    try {
      return await this.#load(this.#scheduler.model, { threads: this.#fixed.threads });
    } catch (error) {
      await this.close({ drain: false });
      throw error;
    }
  }

  /** Hands over a frame. The outcome resolves once it is published or dropped; it never rejects. */
  submit(frame: ImageFrame, options: SubmitOptions = {}): Promise<FrameOutcome<Value>> {
    const job = new FrameJob<Value>(frame, options, this.#clock.nowNs() - (options.waitedNs ?? 0));
    this.#scheduler.admit(job);
    // A job without boxes has no regions.
    return job.outcome as Promise<FrameOutcome<Value>>;
  }

  /**
   * Hands over a frame of which these boxes are to be classified, each as if it had been cut out of the frame. It is one
   * frame to all counts, limits and policies: published with an outcome for each box, or dropped. Its regions are divided
   * over the workers that are idle when its turn comes; a box that is none, and a region that fails, cost themselves.
   *
   * @param boxes up to MAX_REGIONS; none gives a result of no regions.
   * @param overLimit further regions of the frame, which are counted as such and have no outcome here.
   * @throws EffvitError OUT_OF_RANGE for more.
   */
  submitRegions(
    frame: ImageFrame,
    boxes: readonly RegionBox[],
    overLimit = 0,
  ): Promise<RegionsOutcome<Value>> {
    if (boxes.length > MAX_REGIONS) {
      throw new EffvitError(
        'OUT_OF_RANGE',
        `Expected up to ${MAX_REGIONS} regions of a frame but received ${boxes.length}.`,
      );
    }
    const job = new FrameJob<Value>(
      frame,
      {},
      this.#clock.nowNs(),
      new FrameRegions<Value>(boxes, overLimit),
    );
    this.#scheduler.admit(job);
    // A job with boxes has no other result.
    return job.outcome as Promise<RegionsOutcome<Value>>;
  }

  /** Counts a frame that the caller does not want classified, e.g. as `rate_limited`. */
  refuse(cause: DropCause): void {
    const { statistics } = this.#scheduler;
    statistics.accounting.receive();
    statistics.dropped(cause);
  }

  /**
   * Resolves when a frame can be submitted without another being dropped for it; at once when closed.
   *
   * @throws EffvitError CANCELLED once `signal` is aborted.
   */
  async ready({ signal }: WaitOptions = {}): Promise<void> {
    await this.#scheduler.admissible.wait(signal);
  }

  /**
   * Whether a worker is about to be free for a further frame, so that the frame would not wait for one; true also where
   * what comes is kept or refused here by rule: with another policy than `oldest`, and while nobody can serve.
   *
   * @param withinNs how soon a worker must be free; it is no less than what a frame may lie ready for a busy one.
   */
  wantsFrame(withinNs?: number): boolean {
    return this.#scheduler.wantsFrame(withinNs);
  }

  /** Calls once, when a frame is wanted; it replaces the callback before. For those who have frames that can wait elsewhere. */
  whenWanted(callback: () => void): void {
    this.#scheduler.whenWanted(callback);
  }

  /** Changes options at once, for waiting frames too. @throws EffvitError OUT_OF_RANGE; nothing changed then. */
  setOptions(changes: Partial<LivePoolOptions>): void {
    this.#scheduler.setLive(changedOptions(changes, this.#scheduler.live));
  }

  /** Other preprocessing or postprocessing of the same model, from the next frame on that a worker gets. */
  setModelOptions(changes: Partial<Omit<PoolModel<Value>, 'backend'>>): void {
    const model = { ...this.#scheduler.model, ...changes };
    if (this.#info !== undefined) checkInputSize(model, this.#info);
    this.#scheduler.model = model;
  }

  /**
   * 1 to 16 workers from now on; resolves when the new number serves. No frame is lost, none is done twice.
   *
   * @throws EffvitError OUT_OF_RANGE, or why further workers did not load: the old number serves on.
   */
  async resize(threads: number): Promise<void> {
    checkThreads(threads);
    await this.#scheduler.workers.resize(threads);
  }

  /**
   * Another model, loaded beside the old one. Frames that workers have are finished by the old one.
   *
   * @param change.threads workers of the new model, 1 to 16; absent: as many as before.
   * @param change.accept called at the moment from which frames are given to the new model; refuses it by throwing.
   * @throws EffvitError as {@link start}, OUT_OF_RANGE; the old model serves on, on the old number of workers.
   */
  async swapModel(model: PoolModel<Value>, change: ModelChange = {}): Promise<LoadedModelInfo> {
    if (change.threads !== undefined) checkThreads(change.threads);
    return await this.#load(model, change);
  }

  /**
   * Resolves when no frame is in flight: at the latest when every run has timed out. For a started pool.
   *
   * @throws EffvitError CANCELLED once `signal` is aborted.
   */
  async drain({ signal }: WaitOptions = {}): Promise<void> {
    await this.#scheduler.drained.wait(signal);
  }

  /**
   * Ends the pool, at any moment, as often as wanted. Further frames are dropped as `closed`. Frames that
   * workers have are finished; those that wait too, unless `drain` is false: then they are dropped as `closed`.
   * Resolves when every thread has ended: after 20 s for the frames and as much for the threads, or once `signal` is
   * aborted, what is left is dropped and abandoned.
   *
   * To leave the process, await this first. Where that cannot be waited for (a second Ctrl-C), raise the signal
   * again without a handler, or call process.exit: it waits for the runs that were begun.
   */
  async close({ drain = this.#state !== 'new', signal }: CloseOptions = {}): Promise<void> {
    const limit = { clock: this.#clock, limitMs: CLOSE_LIMIT_MS, signal };
    this.#state = 'closed';
    this.#scheduler.close();
    if (!drain) this.#scheduler.dropQueue('closed');
    await withinLimit(this.#scheduler.drained.wait(signal), limit);
    this.#scheduler.dropQueue('closed');
    const { workers } = this.#scheduler;
    await withinLimit(workers.retireAll(), limit);
    workers.abandonAll(signal?.aborted === true ? 'the wait was cancelled' : `${CLOSE_LIMIT_MS} ms`);
    // What workers that hung have given back.
    this.#scheduler.dropQueue('closed');
  }

  async #load(model: PoolModel<Value>, { threads, accept }: ModelChange): Promise<LoadedModelInfo> {
    return await this.#scheduler.workers.swap(model.backend, threads, (info) => {
      checkInputSize(model, info);
      accept?.(info);
      this.#scheduler.model = model;
      this.#scheduler.hasBatches = largestBatchOf(info) > 1;
      this.#info = info;
    });
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
