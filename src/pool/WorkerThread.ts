import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import { viewOfShared } from '../inference/bpu/NativeMemory.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import { disableTelemetry } from '../inference/onnx/loadRuntime.js';
import { AnswerSchedule } from './AnswerSchedule.js';
import { guardExit, releaseExit } from './exitGuard.js';
import type { HandedOver } from './FrameHandover.js';
import type { WorkerTimes } from './FrameRecord.js';
import { type HeldFrame, HeldFrames, type LostFrame, type WorkerReport } from './HeldFrames.js';
import { nv12Kernel } from './nv12Kernel.js';
import type { PoolClock, PoolTimer } from './PoolClock.js';
import type { FixedPoolOptions } from './PoolOptions.js';
import { RunWatch } from './RunWatch.js';
import { VirtualClock } from './VirtualClock.js';
import { type FrameAnswer, receivedError, type WorkerMessage, type WorkerStart } from './workerProtocol.js';

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

export interface WorkerOptions extends Pick<FixedPoolOptions, 'runTimeoutMs' | 'loadTimeoutMs'> {
  readonly spec: BackendSpec;
  /** Worker id, from 0; a replacement keeps the id of the worker that it replaces. */
  readonly id: number;
  readonly generation: number;
  readonly clock: PoolClock;
}

/** A worker is retired (`leaving`) or given up (`abandoned`) before its thread has ended. */
export type WorkerState = 'loading' | 'serving' | 'leaving' | 'abandoned' | 'exited';

interface Loaded {
  readonly info: LoadedModelInfo;
  readonly preparedSpec: BackendSpec;
}

/**
 * The main thread's handle of one worker thread.
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
  /** The frames that it was handed and has not answered. */
  readonly held = new HeldFrames<Job>();
  /** Under a virtual clock: decides when an answer is taken. */
  readonly #schedule: AnswerSchedule | undefined;
  readonly #thread: Worker;
  readonly #watch: RunWatch;
  readonly #loadTimer: PoolTimer;
  #state: WorkerState = 'loading';
  #settleLoad: { resolve: (loaded: Loaded) => void; reject: (error: EffvitError) => void } | undefined;

  constructor({ spec, id, generation, clock, runTimeoutMs, loadTimeoutMs }: WorkerOptions) {
    super();
    this.id = id;
    this.generation = generation;
    const timeOut = (message: string) => this.abandon(new EffvitError('TIMED_OUT', message));
    this.#watch = new RunWatch(this.held, clock, runTimeoutMs, () =>
      timeOut(
        `Worker ${id} held a frame longer than ${runTimeoutMs} ms and was abandoned: raise inference_timeout_ms (--inference-timeout-ms) if the model is that slow.`,
      ),
    );
    this.#schedule =
      clock instanceof VirtualClock
        ? new AnswerSchedule({
            clock,
            limitMs: runTimeoutMs,
            deliver: (answer, times) => this.#onAnswers([answer], times),
            giveUp: () => this.#watch.check(),
          })
        : undefined;
    this.loaded = new Promise((resolve, reject) => {
      this.#settleLoad = { resolve, reject };
    });
    const { channel } = this.held;
    const setup = this.held.handover.workerPort;
    const workerData: WorkerStart = { spec, channel: channel.buffer, setup, kernel: nv12Kernel() };
    disableTelemetry();
    this.#thread = new Worker(new URL('./workerMain.js', import.meta.url), {
      name: `effvit inference ${id}`,
      workerData,
      transferList: [setup],
    });
    guardExit(channel);
    this.exited = new Promise((resolve) => this.once('exited', resolve));
    this.#thread.once('exit', (code) => this.#onExit(code));
    this.#thread.on('message', (message: WorkerMessage) => this.#onMessage(message));
    this.#thread.on('error', (error) => this.#onLost(deathOf(id, error)));
    this.#loadTimer = clock.setTimer(
      loadTimeoutMs,
      () => timeOut(`The model did not load within ${loadTimeoutMs} ms.`),
      { keepsAlive: true },
    );
  }

  get state(): WorkerState {
    return this.#state;
  }

  /**
   * Copies the frame into the worker's memory and wakes the worker. See {@link HeldFrames.add}.
   *
   * @returns duration of the copy, nanoseconds. @throws EffvitError BAD_IMAGE; nothing was handed over then.
   */
  run(job: Job, handed: HandedOver): number {
    const copyNs = this.held.add(job, handed);
    if (this.held.count === 1) this.#watch.start();
    if (this.#schedule === undefined) return copyNs;
    this.#schedule.handedOver(handed.boxes?.length ?? 1);
    return 0;
  }

  /** Asks the worker to exit after its frames. */
  retire(): void {
    if (this.#state === 'exited') return;
    this.held.channel.stop();
    if (this.#state === 'serving') this.#state = 'leaving';
    this.#failLoad(new EffvitError('CLOSED', 'The pool was closed while the model was loading.'));
  }

  /** Gives the worker up: its started frames are lost, the others given back. */
  abandon(error: EffvitError): void {
    if (this.#state === 'abandoned' || this.#state === 'exited') return;
    this.#failLoad(error);
    this.#state = 'abandoned';
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
        this.#failLoad(receivedError(message.error));
        break;
      case 'progress':
        if (this.held.count > 0 && this.#schedule === undefined) this.#watch.start();
        break;
      case 'device_picture':
        this.held.handover.adopt(message.slot, viewOfShared(message.shared));
        break;
      case 'answers':
        this.#take(message.answers);
        break;
    }
  }

  #take(answers: readonly FrameAnswer[]): void {
    if (this.#schedule === undefined) this.#onAnswers(answers);
    else this.#schedule.receive(answers);
  }

  #onLoaded({ info, preparedSpec, logits }: Extract<WorkerMessage, { kind: 'loaded' }>): void {
    // It loaded too late, or was retired meanwhile.
    if (this.#state !== 'loading') return;
    this.#loadTimer.cancel();
    this.held.prepare(info, logits);
    this.#state = 'serving';
    this.#settleLoad?.resolve({ info, preparedSpec });
  }

  #failLoad(error: EffvitError): void {
    if (this.#state !== 'loading') return;
    this.#state = 'leaving';
    this.#loadTimer.cancel();
    this.#settleLoad?.reject(error);
  }

  /** @param times of the frame under a virtual clock, in place of those that the thread measured. */
  #onAnswers(answers: readonly FrameAnswer[], times?: WorkerTimes): void {
    let death: EffvitError | undefined;
    // All answers are taken before any event is emitted: a listener may hand over a frame and needs the true state.
    const taken: { frame: HeldFrame<Job>; isDone: boolean; error: EffvitError | undefined }[] = [];
    for (const answer of answers) {
      const failed = typeof answer === 'number' ? undefined : answer;
      const error = failed && receivedError(failed.error);
      if (error?.code === 'WORKER_DIED') {
        death = error;
        continue;
      }
      const frame = this.held.take(typeof answer === 'number' ? answer : answer.number);
      if (frame !== undefined) taken.push({ frame, isDone: failed?.isDone !== false, error });
    }
    if (taken.length > 0 && this.held.count > 0) this.#watch.start();
    for (const { frame, isDone, error } of taken) {
      const report = isDone ? this.held.report(frame, times) : undefined;
      frame.slot.isFree = true;
      if (report !== undefined) this.emit('done', frame.job, report, error);
      else if (error !== undefined) this.emit('failed', frame.job, error);
    }
    if (death !== undefined) this.#onLost(death);
  }

  /** The thread is ending, or has ended, without having been retired. */
  #onLost(error: EffvitError): void {
    if (this.#state === 'loading') {
      this.#failLoad(error);
    } else if (this.#state === 'serving' || this.held.count > 0) {
      this.#state = 'leaving';
      this.#lose(error);
    }
  }

  #lose(error: EffvitError): void {
    this.#watch.cancel();
    this.#schedule?.end();
    const { started, notStarted } = this.held.revoke();
    this.emit('lost', started, notStarted, error);
  }

  #onExit(code: number): void {
    this.#onLost(deathOf(this.id, `its thread ended with code ${code}`));
    this.#state = 'exited';
    this.#watch.cancel();
    this.held.handover.close();
    releaseExit(this.held.channel);
    this.emit('exited');
  }
}

function deathOf(id: number, reason: unknown): EffvitError {
  return asEffvitError(reason, 'WORKER_DIED', `Worker ${id} died`);
}
