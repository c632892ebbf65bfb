import { EffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import type { RegionBox } from '../image/PictureRegion.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import { FrameJob, type SubmitOptions } from './FrameJob.js';
import type { FrameOutcome } from './FrameOutcome.js';
import { FrameScheduler } from './FrameScheduler.js';
import { withinLimit } from './PoolClock.js';
import {
  changedOptions,
  checkInputSize,
  checkThreads,
  type InferencePoolOptions,
  type LivePoolOptions,
  type PoolModel,
} from './PoolOptions.js';
import type { PoolStatistics } from './PoolStatistics.js';
import type { RegionsOutcome } from './RegionOutcome.js';
import { RegionsJob, type RegionTraits } from './RegionsJob.js';
import type { WorkerStatus } from './WorkerGroup.js';

/** Settings that change together with the model. */
export interface ModelChange {
  readonly threads?: number;
  readonly accept?: (info: LoadedModelInfo) => void;
}

export interface WaitOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

export interface CloseOptions extends WaitOptions {
  /** True: waiting frames are finished. False: they are dropped as `closed`. */
  readonly drain?: boolean;
}

/** The longest time that close waits for frames, and then again for threads. */
const CLOSE_LIMIT_MS = 20_000;

/**
 * Classifies frames on worker threads.
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
 * A live camera submits without waiting; frames over the capacity are dropped by the policy and counted:
 * `void pool.submit(frame).then(publish)`. A reader that must not lose frames uses the policy `block` and waits
 * before each frame: `await pool.ready(); void pool.submit(frame).then(report)`, then `await pool.drain()`.
 *
 * `submit` never throws and its promise never rejects: a frame's outcome is a result or a drop with its cause.
 * The outcomes of one source resolve in the order of submission (`ordered`), except for drops from the queue.
 * A frame's `data` is read until its outcome resolves.
 */
export class InferencePool<Value> {
  readonly #scheduler: FrameScheduler<Value>;
  #state: 'new' | 'started' | 'closed' = 'new';
  #info: LoadedModelInfo | undefined;

  /** @throws EffvitError OUT_OF_RANGE naming every wrong option. */
  constructor(options: InferencePoolOptions<Value>) {
    this.#scheduler = new FrameScheduler(options);
  }

  /** Counts and latencies of its frames. */
  get statistics(): PoolStatistics {
    return this.#scheduler.statistics;
  }

  /** Undefined until {@link start} has loaded the model. */
  get info(): LoadedModelInfo | undefined {
    return this.#info;
  }

  get options(): LivePoolOptions {
    return this.#scheduler.live;
  }

  /** Number of frames that wait for a worker. */
  get queuedCount(): number {
    return this.#scheduler.queuedCount;
  }

  workers(): WorkerStatus {
    return this.#scheduler.group.status();
  }

  /**
   * Loads the model on every worker. Frames submitted earlier wait in the queue.
   *
   * @throws EffvitError BAD_MODEL, NOT_FOUND, BPU_FAILED, BAD_CONFIG if the model's input differs from the
   *   preprocessing, CLOSED if {@link close} was called first. Nothing is left running; the pool is closed.
   */
  async start(): Promise<LoadedModelInfo> {
    if (this.#state !== 'new') throw new EffvitError('CLOSED', 'A pool is started once: make a new one.');
    this.#state = 'started';
    try {
      return await this.#load(this.#scheduler.model, { threads: this.#scheduler.fixed.threads });
    } catch (error) {
      await this.close({ drain: false });
      throw error;
    }
  }

  /** Admits a frame. The promise resolves once the frame is published or dropped; it never rejects. */
  submit(frame: ImageFrame, options: SubmitOptions = {}): Promise<FrameOutcome<Value>> {
    const { clock, model } = this.#scheduler;
    const job = new FrameJob<Value>(frame, options, clock.nowNs() - (options.waitedNs ?? 0), model);
    this.#scheduler.admit(job);
    // A job without boxes has no regions.
    return job.outcome as Promise<FrameOutcome<Value>>;
  }

  /**
   * Admits a frame and classifies these boxes, each as if it had been cropped from the frame. Counts, limits and
   * policies treat it as one frame: it is published with an outcome for each box, or dropped. Its regions are divided
   * among the workers that are idle when it is dequeued. An invalid box or a failed region does not affect the others.
   *
   * @param boxes an empty list gives a result without regions.
   * @param traits which boxes are classified, and their tracks.
   * @throws EffvitError OUT_OF_RANGE for more than MAX_REGIONS boxes to classify.
   */
  submitRegions(
    frame: ImageFrame,
    boxes: readonly RegionBox[],
    traits: RegionTraits = {},
  ): Promise<RegionsOutcome<Value>> {
    const { clock, model } = this.#scheduler;
    const job = new RegionsJob<Value>(frame, boxes, traits, clock.nowNs(), model);
    this.#scheduler.admit(job);
    // A job with boxes has no other result.
    return job.outcome as Promise<RegionsOutcome<Value>>;
  }

  /** Counts a frame that the caller does not submit, e.g. as `rate_limited`. */
  refuse(cause: DropCause): void {
    this.statistics.frames.receive();
    this.statistics.frames.drop(cause);
  }

  /**
   * Resolves when a frame can be submitted without dropping another; immediately if the pool is closed.
   *
   * @throws EffvitError CANCELLED once `signal` is aborted.
   */
  async ready({ signal }: WaitOptions = {}): Promise<void> {
    await this.#scheduler.admissible.wait(signal);
  }

  /**
   * Whether a worker is about to be free, so that a submitted frame would hardly wait. Also true if the frame should be
   * submitted in any case: with a policy other than `oldest`, and while no worker can serve.
   *
   * @param withinNs how soon a worker must be free; raised to the time that a frame may wait in a busy worker's memory.
   */
  wantsFrame(withinNs?: number): boolean {
    return this.#scheduler.wantsFrame(withinNs);
  }

  /** Calls once, when {@link wantsFrame} becomes true; replaces the previous callback. */
  whenWanted(callback: () => void): void {
    this.#scheduler.caller.whenWanted(callback);
  }

  /** Changes options immediately, also for waiting frames. @throws EffvitError OUT_OF_RANGE; then nothing changes. */
  setOptions(changes: Partial<LivePoolOptions>): void {
    this.#scheduler.setLive(changedOptions(changes, this.options));
  }

  /** Changes preprocessing or postprocessing of the same model, from the next frame that a worker receives. */
  setModelOptions(changes: Partial<Omit<PoolModel<Value>, 'backend'>>): void {
    const model = { ...this.#scheduler.model, ...changes };
    if (this.info !== undefined) checkInputSize(model, this.info);
    this.#scheduler.model = model;
  }

  /**
   * Sets the number of workers, 1 to 16; resolves when they serve. No frame is lost or computed twice.
   *
   * @throws EffvitError OUT_OF_RANGE, or why new workers did not load: then the old workers continue.
   */
  async setThreadCount(threads: number): Promise<void> {
    checkThreads(threads);
    await this.#scheduler.group.setThreadCount(threads);
  }

  /**
   * Loads another model while the old one serves. Frames that workers hold are finished by the old model.
   *
   * @param change.threads workers of the new model, 1 to 16; absent: the same number as before.
   * @param change.accept called right before frames go to the new model; may throw to refuse it.
   * @throws EffvitError as {@link start}, OUT_OF_RANGE; then the old model continues on the old workers.
   */
  async swapModel(model: PoolModel<Value>, change: ModelChange = {}): Promise<LoadedModelInfo> {
    if (change.threads !== undefined) checkThreads(change.threads);
    return await this.#load(model, change);
  }

  /**
   * Resolves when no frame is in flight, at the latest when every run has timed out. The pool must be started.
   *
   * @throws EffvitError CANCELLED once `signal` is aborted.
   */
  async drain({ signal }: WaitOptions = {}): Promise<void> {
    await this.#scheduler.delivery.drained.wait(signal);
  }

  /**
   * Closes the pool; may be called at any time and repeatedly. New frames are dropped as `closed`. Frames that workers
   * hold are finished; waiting frames too, unless `drain` is false: then they are dropped as `closed`.
   * Resolves when every thread has ended. After 20 s for the frames and another 20 s for the threads, or once `signal`
   * is aborted, the remaining frames are dropped and the threads abandoned.
   *
   * Await this before the process exits. If that takes too long (a second Ctrl-C), raise the signal again without a
   * handler, or call process.exit, which waits for the started runs.
   */
  async close({ drain = this.#state !== 'new', signal }: CloseOptions = {}): Promise<void> {
    const scheduler = this.#scheduler;
    const { group, delivery } = scheduler;
    const limit = { clock: scheduler.clock, limitMs: CLOSE_LIMIT_MS, signal };
    this.#state = 'closed';
    scheduler.close();
    if (!drain) scheduler.dropQueue('closed');
    await withinLimit(delivery.drained.wait(signal), limit);
    scheduler.dropQueue('closed');
    await withinLimit(group.retireAll(), limit);
    group.abandonAll(signal?.aborted === true ? 'the wait was cancelled' : `${CLOSE_LIMIT_MS} ms`);
    // Frames that hung workers had not started are back in the queue.
    scheduler.dropQueue('closed');
  }

  async #load(model: PoolModel<Value>, { threads, accept }: ModelChange): Promise<LoadedModelInfo> {
    return await this.#scheduler.group.swap(model.backend, threads, (info) => {
      checkInputSize(model, info);
      accept?.(info);
      this.#scheduler.adopt(model, info);
      this.#info = info;
    });
  }
}
