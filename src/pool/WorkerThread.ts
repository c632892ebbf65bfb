import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import { disableTelemetry } from '../inference/onnx/disableTelemetry.js';
import { guardExit, releaseExit } from './exitGuard.js';
import type { HandedOver } from './FrameHandover.js';
import { type HeldFrame, HeldFrames, type LostFrame, type WorkerReport } from './HeldFrames.js';
import { nv12Kernel } from './nv12Kernel.js';
import type { PoolClock, PoolTimer } from './PoolClock.js';
import type { BatchLimits } from './WorkerChannel.js';
import type { FrameAnswer, SentError, WorkerMessage, WorkerStart } from './workerProtocol.js';

/** What becomes of the jobs that a worker was given; each is part of exactly one `done`, `failed` or `lost`. */
export interface WorkerEvents<Job> {
  /** The frame was classified; the worker can take another. `error`: the first of its regions that failed did by it. */
  done: [job: Job, report: WorkerReport, error: EffvitError | undefined];
  /** The frame failed alone; the worker can take another. */
  failed: [job: Job, error: EffvitError];
  /**
   * The worker serves no more, though nobody told it to leave: `started` are lost with it, `notStarted` were never
   * looked at and never will be by this worker.
   */
  lost: [started: readonly LostFrame<Job>[], notStarted: readonly Job[], error: EffvitError];
  /** Its thread has ended. */
  exited: [];
}

export interface WorkerOptions {
  readonly spec: BackendSpec;
  /** From 0; a replacement takes the id of the worker that it replaces. */
  readonly id: number;
  readonly generation: number;
  readonly runTimeoutMs: number;
  readonly loadTimeoutMs: number;
  readonly clock: PoolClock;
}

interface Loaded {
  readonly info: LoadedModelInfo;
  readonly preparedSpec: BackendSpec;
}

/**
 * The main thread's handle of one worker thread: `loading`, then `serving`, then `leaving` (told to go, or
 * abandoned) and `exited`.
 *
 * A thread is never terminated: that would abort the process where it is inside native code. One that hangs
 * is abandoned: it leaves by itself if it ever comes back, and does not keep the process alive until then.
 */
export class WorkerThread<Job> extends EventEmitter<WorkerEvents<Job>> {
  readonly id: number;
  readonly generation: number;
  /** Resolves when the thread has ended. */
  readonly exited: Promise<void>;
  /** Resolves once the model is loaded; rejects with the reason why not, and the worker leaves then. */
  readonly loaded: Promise<Loaded>;
  readonly #options: WorkerOptions;
  readonly #held = new HeldFrames<Job>();
  readonly #thread: Worker;
  #state: 'loading' | 'serving' | 'leaving' | 'exited' = 'loading';
  #isAbandoned = false;
  #timer: PoolTimer | undefined;
  #settleLoad: { resolve: (loaded: Loaded) => void; reject: (error: EffvitError) => void } | undefined;

  constructor(options: WorkerOptions) {
    super();
    const { id, generation, spec, clock, loadTimeoutMs } = options;
    this.id = id;
    this.generation = generation;
    this.#options = options;
    this.loaded = new Promise((resolve, reject) => {
      this.#settleLoad = { resolve, reject };
    });
    const { workerPort: setup, channel } = this.#held;
    const workerData: WorkerStart = { spec, channel: channel.buffer, setup, kernel: nv12Kernel() };
    disableTelemetry();
    this.#thread = new Worker(new URL('./workerMain.js', import.meta.url), {
      name: `effvit inference ${id}`,
      workerData,
      transferList: [setup],
    });
    guardExit(channel);
    this.exited = new Promise((resolve) => {
      this.#thread.once('exit', (code) => {
        this.#onExit(code);
        resolve();
      });
    });
    this.#thread.on('message', (message: WorkerMessage) => this.#onMessage(message));
    this.#thread.on('error', (error) => this.#onLost(deathOf(id, error)));
    this.#timer = clock.setTimer(loadTimeoutMs, () => this.#onLoadTimeout(), { keepsAlive: true });
  }

  get isServing(): boolean {
    return this.#state === 'serving';
  }

  /** Whether nothing more is expected of it, though its thread has not ended. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  get isIdle(): boolean {
    return this.#held.count === 0;
  }

  /** Whether it can be given a frame. */
  get hasCapacity(): boolean {
    return this.isServing && this.#held.hasCapacity;
  }

  /** Whether a frame would join those that it has in one task, which has not started to run. */
  get isGathering(): boolean {
    return this.isServing && this.#held.isGathering;
  }

  /** The most frames that could be handed over now to be computed together. */
  get openPlaces(): number {
    return this.#held.openPlaces;
  }

  /** So many frames are about to be handed over, to be computed together. */
  expect(count: number): void {
    this.#held.channel.expect(count);
  }

  /** Whether its device takes several regions of a picture as one task. */
  get hasResizer(): boolean {
    return this.#held.hasResizer;
  }

  /** When it is expected to be done with the task that it computes, by the pool's clock; for one that is not idle. */
  get expectedFreeNs(): number {
    return this.#held.expectedFreeNs;
  }

  /** For the tasks from now on. @param limits.largestBatch 0: as many as the model takes. */
  setBatchLimits(limits: BatchLimits): void {
    this.#held.setBatchLimits(limits);
  }

  /**
   * Copies the frame into the worker's memory and wakes it; only while {@link hasCapacity}.
   *
   * @returns nanoseconds that the copy took. @throws EffvitError BAD_IMAGE; nothing was handed over then.
   */
  run(job: Job, handed: HandedOver): number {
    const copyNs = this.#held.add(job, handed);
    if (this.#held.count === 1) this.#watchFirst();
    return copyNs;
  }

  /** Tells the worker to leave, after the frames that it has. */
  retire(): void {
    if (this.#state === 'exited') return;
    this.#held.channel.stop();
    if (this.#state === 'serving') this.#state = 'leaving';
    this.#failLoad(new EffvitError('CLOSED', 'The pool was closed while the model was loading.'));
  }

  /** Expects nothing more of the worker: the frames that it has are lost, or given back. */
  abandon(error: EffvitError): void {
    if (this.#isAbandoned || this.#state === 'exited') return;
    this.#isAbandoned = true;
    this.#state = 'leaving';
    this.#thread.unref();
    this.#lose(error);
  }

  #onMessage(message: WorkerMessage): void {
    if (typeof message === 'number') {
      this.#onAnswers([message]);
      return;
    }
    switch (message.kind) {
      case 'loaded':
        this.#onLoaded(message);
        break;
      case 'load_failed':
        this.#failLoad(errorOf(message));
        break;
      case 'frame_failed':
      case 'regions_failed':
        this.#onAnswers([message]);
        break;
      case 'progress':
        if (this.#held.count > 0) this.#watchFirst();
        break;
      case 'device_picture':
        this.#held.adoptPicture(message.slot, message.shared);
        break;
      case 'answers':
        this.#onAnswers(message.answers);
        break;
    }
  }

  #onLoaded({ info, preparedSpec, logits }: Extract<WorkerMessage, { kind: 'loaded' }>): void {
    // It came too late, or was told to leave meanwhile.
    if (this.#state !== 'loading') return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#held.prepare(info, logits);
    this.#state = 'serving';
    this.#settleLoad?.resolve({ info, preparedSpec });
  }

  #failLoad(error: EffvitError): void {
    if (this.#state !== 'loading') return;
    this.#state = 'leaving';
    this.#timer?.cancel();
    this.#settleLoad?.reject(error);
  }

  #onAnswers(answers: readonly FrameAnswer[]): void {
    let death: EffvitError | undefined;
    // All are taken before any is told: who hears of one may hand over the next, and finds the worker idle.
    const taken: { frame: HeldFrame<Job>; isDone: boolean; error: EffvitError | undefined }[] = [];
    for (const answer of answers) {
      const number = typeof answer === 'number' ? answer : answer.number;
      const error = typeof answer === 'number' ? undefined : errorOf(answer);
      if (error?.code === 'WORKER_DIED') {
        death = error;
        continue;
      }
      const frame = this.#held.take(number);
      const isDone = typeof answer === 'number' || answer.kind === 'regions_failed';
      if (frame !== undefined) taken.push({ frame, isDone, error });
    }
    if (taken.length > 0 && this.#held.count > 0) this.#watchFirst();
    for (const { frame, isDone, error } of taken) {
      const report = isDone ? this.#held.report(frame) : undefined;
      this.#held.release(frame);
      if (report !== undefined) this.emit('done', frame.job, report, error);
      else if (error !== undefined) this.emit('failed', frame.job, error);
    }
    if (death !== undefined) this.#onLost(death);
  }

  /** The thread turns to a frame: its time runs from now on. */
  #watchFirst(): void {
    const { clock, runTimeoutMs } = this.#options;
    this.#held.beginFirst(clock.nowNs());
    // One timer for the worker's life: starting it anew costs less than making one for each frame.
    this.#timer ??= clock.setTimer(runTimeoutMs, () => this.#onRunTimeout());
    this.#timer.restart();
  }

  #onLoadTimeout(): void {
    const { loadTimeoutMs } = this.#options;
    const error = new EffvitError('TIMED_OUT', `The model did not load within ${loadTimeoutMs} ms.`);
    this.#failLoad(error);
    this.abandon(error);
  }

  #onRunTimeout(): void {
    // After a long halt of this thread the answer may be there already: messages are read before the check.
    const current = this.#held.first;
    setImmediate(() => {
      if (current === undefined || this.#held.first !== current) return;
      const { runTimeoutMs } = this.#options;
      const message = `Worker ${this.id} held a frame longer than ${runTimeoutMs} ms and was abandoned: raise inference_timeout_ms (--inference-timeout-ms) if the model is that slow.`;
      this.abandon(new EffvitError('TIMED_OUT', message));
    });
  }

  /** The thread is about to end, or has ended, without being told to. */
  #onLost(error: EffvitError): void {
    if (this.#state === 'loading') {
      this.#failLoad(error);
    } else if (this.#state === 'serving' || this.#held.count > 0) {
      this.#state = 'leaving';
      this.#lose(error);
    }
  }

  #lose(error: EffvitError): void {
    this.#timer?.cancel();
    const { started, notStarted } = this.#held.revoke();
    this.emit('lost', started, notStarted, error);
  }

  #onExit(code: number): void {
    this.#onLost(deathOf(this.id, `its thread ended with code ${code}`));
    this.#state = 'exited';
    this.#timer?.cancel();
    this.#held.close();
    releaseExit(this.#held.channel);
    this.emit('exited');
  }
}

function errorOf({ error }: { readonly error: SentError }): EffvitError {
  return new EffvitError(error.code, error.message, { context: error.context });
}

function deathOf(id: number, reason: unknown): EffvitError {
  return asEffvitError(reason, 'WORKER_DIED', `Worker ${id} died`);
}
