import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import { disableTelemetry } from '../inference/onnx/disableTelemetry.js';
import { AnswerSchedule } from './AnswerSchedule.js';
import { guardExit, releaseExit } from './exitGuard.js';
import type { HandedOver } from './FrameHandover.js';
import type { WorkerTimes } from './FrameRecord.js';
import { type HeldFrame, HeldFrames, type LostFrame, type WorkerReport } from './HeldFrames.js';
import { nv12Kernel } from './nv12Kernel.js';
import type { PoolClock, PoolTimer } from './PoolClock.js';
import { VirtualClock } from './VirtualClock.js';
import type { BatchLimits } from './WorkerChannel.js';
import type { FrameAnswer, SentError, WorkerMessage, WorkerStart } from './workerProtocol.js';

/** Outcomes of a worker's jobs; each job is in exactly one `done`, `failed` or `lost`. */
export interface WorkerEvents<Job> {
  /** The frame was classified; the worker can take another. `error`: why its first failed region failed. */
  done: [job: Job, report: WorkerReport, error: EffvitError | undefined];
  /** The frame failed alone; the worker can take another. */
  failed: [job: Job, error: EffvitError];
  /**
   * The worker stopped serving without having been retired: `started` frames are lost with it; `notStarted` frames
   * can be given to another worker.
   */
  lost: [started: readonly LostFrame<Job>[], notStarted: readonly Job[], error: EffvitError];
  /** The thread has ended. */
  exited: [];
}

export interface WorkerOptions {
  readonly spec: BackendSpec;
  /** Worker id, from 0; a replacement keeps the id of the worker that it replaces. */
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
 * The main thread's handle of one worker thread: `loading`, then `serving`, then `leaving` (retired or abandoned)
 * and `exited`.
 *
 * A thread is never terminated: that would abort the process if the thread is inside native code. A hung thread is
 * abandoned: it exits by itself if it ever returns, and until then does not keep the process alive.
 */
export class WorkerThread<Job> extends EventEmitter<WorkerEvents<Job>> {
  readonly id: number;
  readonly generation: number;
  /** Resolves when the thread has ended. */
  readonly exited: Promise<void>;
  /** Resolves once the model is loaded. Rejects with the reason why not; then the worker exits. */
  readonly loaded: Promise<Loaded>;
  readonly #options: WorkerOptions;
  readonly #held = new HeldFrames<Job>();
  /** Under a virtual clock: decides when an answer is taken. */
  readonly #schedule: AnswerSchedule | undefined;
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
    this.#schedule = this.#newSchedule();
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

  /** Whether it was abandoned and its thread has not ended. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  get isIdle(): boolean {
    return this.#held.count === 0;
  }

  /** Whether it can take a frame. */
  get hasCapacity(): boolean {
    return this.isServing && this.#held.hasCapacity;
  }

  /** Whether another frame would join the frames that it holds in one task that has not started. */
  get isGathering(): boolean {
    return this.isServing && this.#held.isGathering;
  }

  /** How many frames can be handed over now for the same task. */
  get openPlaces(): number {
    return this.#held.openPlaces;
  }

  /** Announces that this number of frames will be handed over for one task. */
  expect(count: number): void {
    this.#held.channel.expect(count);
  }

  /** Whether its device crops and scales, so that it takes several regions of a picture as one task. */
  get hasResizer(): boolean {
    return this.#held.hasResizer;
  }

  /** When its current task is expected to finish, by the pool's clock; valid if it is not idle. */
  get expectedFreeNs(): number {
    return this.#held.expectedFreeNs;
  }

  /** Sets the limits of future tasks. @param limits.largestBatch 0: as many as the model takes. */
  setBatchLimits(limits: BatchLimits): void {
    this.#held.setBatchLimits(limits);
  }

  /**
   * Copies the frame into the worker's memory and wakes the worker. Up to {@link openPlaces} frames after one look at it.
   *
   * @returns duration of the copy, nanoseconds. @throws EffvitError BAD_IMAGE; nothing was handed over then.
   */
  run(job: Job, handed: HandedOver): number {
    const copyNs = this.#held.add(job, handed);
    if (this.#held.count === 1) this.#watchFirst();
    if (this.#schedule === undefined) return copyNs;
    this.#schedule.handedOver(handed.boxes?.length ?? 1);
    return 0;
  }

  /** Asks the worker to exit after its frames. */
  retire(): void {
    if (this.#state === 'exited') return;
    this.#held.channel.stop();
    if (this.#state === 'serving') this.#state = 'leaving';
    this.#failLoad(new EffvitError('CLOSED', 'The pool was closed while the model was loading.'));
  }

  /** Gives the worker up: its started frames are lost, the others given back. */
  abandon(error: EffvitError): void {
    if (this.#isAbandoned || this.#state === 'exited') return;
    this.#isAbandoned = true;
    this.#state = 'leaving';
    this.#thread.unref();
    this.#lose(error);
  }

  #onMessage(message: WorkerMessage): void {
    if (typeof message === 'number') {
      this.#take([message]);
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
        this.#take([message]);
        break;
      case 'progress':
        if (this.#held.count > 0 && this.#schedule === undefined) this.#watchFirst();
        break;
      case 'device_picture':
        this.#held.adoptPicture(message.slot, message.shared);
        break;
      case 'answers':
        this.#take(message.answers);
        break;
    }
  }

  #newSchedule(): AnswerSchedule | undefined {
    const { clock, runTimeoutMs } = this.#options;
    if (!(clock instanceof VirtualClock)) return undefined;
    return new AnswerSchedule({
      clock,
      limitMs: runTimeoutMs,
      deliver: (answer, times) => this.#onAnswers([answer], times),
      giveUp: () => this.#onRunTimeout(),
    });
  }

  #take(answers: readonly FrameAnswer[]): void {
    if (this.#schedule === undefined) this.#onAnswers(answers);
    else this.#schedule.receive(answers);
  }

  #onLoaded({ info, preparedSpec, logits }: Extract<WorkerMessage, { kind: 'loaded' }>): void {
    // It loaded too late, or was retired meanwhile.
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

  /** @param times of the frame under a virtual clock, in place of those that the thread measured. */
  #onAnswers(answers: readonly FrameAnswer[], times?: WorkerTimes): void {
    let death: EffvitError | undefined;
    // All answers are taken before any event is emitted: a listener may hand over a frame and needs the true state.
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
      const report = isDone ? this.#held.report(frame, times) : undefined;
      this.#held.release(frame);
      if (report !== undefined) this.emit('done', frame.job, report, error);
      else if (error !== undefined) this.emit('failed', frame.job, error);
    }
    if (death !== undefined) this.#onLost(death);
  }

  /** Starts the run timer for the frame that the thread starts now. */
  #watchFirst(): void {
    const { clock, runTimeoutMs } = this.#options;
    this.#held.beginFirst(clock.nowNs());
    // The schedule limits the wait for an answer.
    if (this.#schedule !== undefined) return;
    // One timer for the worker's life: restarting it is cheaper than creating one per frame.
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
    // After a stall of this thread the answer may have arrived: messages are read before the check.
    const current = this.#held.first;
    setImmediate(() => {
      if (current === undefined || this.#held.first !== current) return;
      const { runTimeoutMs } = this.#options;
      const message = `Worker ${this.id} held a frame longer than ${runTimeoutMs} ms and was abandoned: raise inference_timeout_ms (--inference-timeout-ms) if the model is that slow.`;
      this.abandon(new EffvitError('TIMED_OUT', message));
    });
  }

  /** The thread is ending, or has ended, without having been retired. */
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
    this.#schedule?.clear();
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
