import { EffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import type { RegionBox } from '../image/PictureRegion.js';
import { type LoadedModelInfo, largestBatchOf } from '../inference/InferenceBackend.js';
import type { DropCause, FrameCounts } from '../stats/FrameAccounting.js';
import type { StageStatistics } from '../stats/StageStatistics.js';
import { FrameJob, type SubmitOptions } from './FrameJob.js';
import type { FrameOutcome } from './FrameOutcome.js';
import { FrameRegions, type RegionTraits } from './FrameRegions.js';
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

  /** Number of frames that wait for a worker. */
  get queuedCount(): number {
    return this.#scheduler.queuedCount;
  }

  get options(): LivePoolOptions {
    return this.#scheduler.live;
  }

  workers(): WorkerStatus {
    return this.#scheduler.workers.status();
  }

  /** Published frames per second over the last five seconds. */
  framesPerSecond(): number {
    return this.#scheduler.statistics.framesPerSecond(this.#clock.nowNs());
  }

  /** Published frames per task; 1 for a model without batches. */
  get meanBatchSize(): number {
    return this.#scheduler.statistics.meanBatchSize;
  }

  /** Counts of the regions of published frames, by outcome. */
  regionCounts(): RegionCounts {
    return this.#scheduler.statistics.regions.counts();
  }

  /** Resets counts and latencies; frames in flight stay in flight. */
  resetStatistics(): void {
    this.#scheduler.statistics.reset();
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
      return await this.#load(this.#scheduler.model, { threads: this.#fixed.threads });
    } catch (error) {
      await this.close({ drain: false });
      throw error;
    }
  }

  /** Admits a frame. The promise resolves once the frame is published or dropped; it never rejects. */
  submit(frame: ImageFrame, options: SubmitOptions = {}): Promise<FrameOutcome<Value>> {
    const job = new FrameJob<Value>(frame, options, this.#clock.nowNs() - (options.waitedNs ?? 0));
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
    { isSingle = false, ...traits }: RegionTraits & Pick<SubmitOptions, 'isSingle'> = {},
  ): Promise<RegionsOutcome<Value>> {
    const count = traits.places?.length ?? boxes.length;
    if (count > MAX_REGIONS) {
      throw new EffvitError(
        'OUT_OF_RANGE',
        `Expected up to ${MAX_REGIONS} regions of a frame but received ${count}.`,
      );
    }
    const regions = new FrameRegions<Value>(boxes, traits);
    const job = new FrameJob<Value>(frame, { isSingle }, this.#clock.nowNs(), regions);
    this.#scheduler.admit(job);
    // A job with boxes has no other result.
    return job.outcome as Promise<RegionsOutcome<Value>>;
  }

  /** Counts a frame that the caller does not submit, e.g. as `rate_limited`. */
  refuse(cause: DropCause): void {
    const { statistics } = this.#scheduler;
    statistics.accounting.receive();
    statistics.dropped(cause);
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
    this.#scheduler.whenWanted(callback);
  }

  /** Changes options immediately, also for waiting frames. @throws EffvitError OUT_OF_RANGE; then nothing changes. */
  setOptions(changes: Partial<LivePoolOptions>): void {
    this.#scheduler.setLive(changedOptions(changes, this.#scheduler.live));
  }

  /** Changes preprocessing or postprocessing of the same model, from the next frame that a worker receives. */
  setModelOptions(changes: Partial<Omit<PoolModel<Value>, 'backend'>>): void {
    const model = { ...this.#scheduler.model, ...changes };
    if (this.#info !== undefined) checkInputSize(model, this.#info);
    this.#scheduler.model = model;
  }

  /**
   * Sets the number of workers, 1 to 16; resolves when they serve. No frame is lost or computed twice.
   *
   * @throws EffvitError OUT_OF_RANGE, or why new workers did not load: then the old workers continue.
   */
  async resize(threads: number): Promise<void> {
    checkThreads(threads);
    await this.#scheduler.workers.resize(threads);
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
    await this.#scheduler.drained.wait(signal);
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
    const limit = { clock: this.#clock, limitMs: CLOSE_LIMIT_MS, signal };
    this.#state = 'closed';
    this.#scheduler.close();
    if (!drain) this.#scheduler.dropQueue('closed');
    await withinLimit(this.#scheduler.drained.wait(signal), limit);
    this.#scheduler.dropQueue('closed');
    const { workers } = this.#scheduler;
    await withinLimit(workers.retireAll(), limit);
    workers.abandonAll(signal?.aborted === true ? 'the wait was cancelled' : `${CLOSE_LIMIT_MS} ms`);
    // Frames that hung workers had not started are back in the queue.
    this.#scheduler.dropQueue('closed');
  }

  async #load(model: PoolModel<Value>, { threads, accept }: ModelChange): Promise<LoadedModelInfo> {
    return await this.#scheduler.workers.swap(model.backend, threads, (info) => {
      checkInputSize(model, info);
      accept?.(info);
      this.#scheduler.model = model;
      this.#scheduler.hasBatches = largestBatchOf(info) > 1;
      this.#scheduler.isOnCpu = info.backend === 'onnx';
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
