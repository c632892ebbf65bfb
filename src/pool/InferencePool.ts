import { EffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import type { DropCause, FrameCounts } from '../stats/FrameAccounting.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { StageStatistics } from '../stats/StageStatistics.js';
import { FrameDispatcher } from './FrameDispatcher.js';
import { FrameJob, type SubmitOptions } from './FrameJob.js';
import type { FrameOutcome } from './FrameOutcome.js';
import {
  changedOptions,
  checkThreads,
  type FixedPoolOptions,
  type InferencePoolOptions,
  type LivePoolOptions,
  type PoolModel,
  poolOptions,
} from './PoolOptions.js';
import { type CrewStatus, WorkerCrew } from './WorkerCrew.js';
import { withinLimit } from './withinLimit.js';

/** What changes together with the model. */
export interface ModelChange {
  readonly threads?: number;
  readonly accept?: (info: LoadedModelInfo) => void;
}

/** The longest that close waits for what was begun, where the caller gives no limit. */
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
 * A frame's `data` is read until its outcome resolves; see {@link SubmitOptions} for data that is reused.
 */
export class InferencePool<Value> {
  readonly #fixed: FixedPoolOptions;
  readonly #dispatcher: FrameDispatcher<Value>;
  readonly #crew: WorkerCrew<FrameJob<Value>>;
  #info: LoadedModelInfo | undefined;
  #state: 'new' | 'started' | 'closed' = 'new';

  /** @throws EffvitError OUT_OF_RANGE naming every wrong option. */
  constructor(options: InferencePoolOptions<Value>) {
    const { fixed, live } = poolOptions(options);
    this.#fixed = fixed;
    const dispatcher = new FrameDispatcher<Value>({
      model: options.model,
      live,
      ordered: fixed.ordered,
      stampClockNs: options.stampClockNs,
      taker: (untilNs) => this.#crew.taker(untilNs),
    });
    this.#dispatcher = dispatcher;
    this.#crew = new WorkerCrew(fixed, {
      done: (worker, job, report) => dispatcher.done(worker, job, report),
      failed: (worker, job, error) => dispatcher.failed(worker, job, error),
      lost: (worker, begun, unbegun, error) => dispatcher.lost(worker, begun, unbegun, error),
      changed: () => this.#onCrewChanged(),
    });
  }

  /** Undefined until {@link start} has loaded the model. */
  get info(): LoadedModelInfo | undefined {
    return this.#info;
  }

  /** Latencies by stage, of published frames. */
  get statistics(): StageStatistics {
    return this.#dispatcher.statistics.stages;
  }

  /** received = published + the sum of dropped + inFlight, at every moment. */
  counts(): FrameCounts {
    return this.#dispatcher.statistics.accounting.counts();
  }

  /** Frames that wait for a worker. */
  get queuedCount(): number {
    return this.#dispatcher.queuedCount;
  }

  get options(): LivePoolOptions {
    return this.#dispatcher.live;
  }

  workers(): CrewStatus {
    return this.#crew.status();
  }

  /** Published frames a second over the last five seconds. */
  framesPerSecond(): number {
    return this.#dispatcher.statistics.framesPerSecond(monotonicNs());
  }

  /** Counts and latencies from now on; frames in flight stay in flight. */
  resetStatistics(): void {
    this.#dispatcher.statistics.reset();
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
      return await this.#load(this.#dispatcher.model, { threads: this.#fixed.threads });
    } catch (error) {
      await this.close({ drain: false });
      throw error;
    }
  }

  /** Hands over a frame. The outcome resolves once it is published or dropped; it never rejects. */
  submit(frame: ImageFrame, options: SubmitOptions = {}): Promise<FrameOutcome<Value>> {
    const job = new FrameJob<Value>(frame, options, monotonicNs());
    this.#dispatcher.admit(job);
    if (this.#crew.isBroken) this.#dropWaiting();
    return job.outcome;
  }

  /** Counts a frame that the caller does not want classified: `rate_limited`, `deactivated`. */
  refuse(cause: DropCause): void {
    const { statistics } = this.#dispatcher;
    statistics.accounting.receive();
    statistics.dropped(cause);
  }

  /** Resolves when a frame can be submitted without another being dropped for it; at once when closed. */
  async ready(): Promise<void> {
    await this.#dispatcher.room.wait();
  }

  /** Changes options at once, for waiting frames too. @throws EffvitError OUT_OF_RANGE; nothing changed then. */
  setOptions(changes: Partial<LivePoolOptions>): void {
    this.#dispatcher.setLive(changedOptions(changes, this.#dispatcher.live));
  }

  /** Other preprocessing or postprocessing of the same model, from the next frame on that a worker gets. */
  setModelOptions(changes: Partial<Omit<PoolModel<Value>, 'backend'>>): void {
    const model = { ...this.#dispatcher.model, ...changes };
    if (this.#info !== undefined) checkInputSize(model, this.#info);
    this.#dispatcher.model = model;
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
   * @param change.threads workers of the new model, 1 to 16; absent: as many as before.
   * @param change.accept called at the moment from which frames are given to the new model; refuses it by throwing.
   * @throws EffvitError as {@link start}, OUT_OF_RANGE; the old model serves on, on the old number of workers.
   */
  async swapModel(model: PoolModel<Value>, change: ModelChange = {}): Promise<LoadedModelInfo> {
    if (change.threads !== undefined) checkThreads(change.threads);
    return await this.#load(model, change);
  }

  /** Resolves when no frame is in flight: at the latest when every run has timed out. For a started pool. */
  async drain(): Promise<void> {
    await this.#dispatcher.drained.wait();
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
    this.#dispatcher.close();
    if (!drain) this.#dispatcher.dropQueue('closed');
    await withinLimit(this.drain(), limitMs);
    this.#dispatcher.dropQueue('closed');
    await this.#crew.close(limitMs);
    // What workers that hung have given back.
    this.#dispatcher.dropQueue('closed');
  }

  async #load(model: PoolModel<Value>, { threads, accept }: ModelChange): Promise<LoadedModelInfo> {
    return await this.#crew.swap(model.backend, threads, (info) => {
      checkInputSize(model, info);
      accept?.(info);
      this.#dispatcher.model = model;
      this.#info = info;
    });
  }

  #onCrewChanged(): void {
    if (this.#crew.isBroken) this.#dropWaiting();
    else this.#dispatcher.pump();
  }

  /** While nobody can serve, frames are not kept waiting. */
  #dropWaiting(): void {
    this.#dispatcher.dropQueue('worker_died', this.#crew.status().lastDeath);
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
