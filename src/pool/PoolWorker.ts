import { Worker } from 'node:worker_threads';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { guardExit, releaseExit } from './exitGuard.js';
import { FrameSender, type SendPlan } from './FrameSender.js';
import { nv12Kernel } from './nv12Kernel.js';
import { type PictureSize, WorkerChannel, type WorkerTimes } from './WorkerChannel.js';
import type { WorkerMessage, WorkerStart } from './workerProtocol.js';

/** What a worker reports of the job it was given; every job gets exactly one of these. */
export interface WorkerEvents<Job> {
  /** The job's frame was classified; the worker is idle again. `logits` are valid until the next but one frame. */
  done(worker: PoolWorker<Job>, job: Job, times: WorkerTimes, logits: Float32Array): void;
  /** The frame failed alone; the worker is idle again. */
  failed(worker: PoolWorker<Job>, job: Job, error: EffvitError): void;
  /** The worker serves no more, though nobody told it to leave; with the job it had. */
  lost(worker: PoolWorker<Job>, job: Job | undefined, error: EffvitError): void;
}

export interface WorkerLimits {
  readonly runTimeoutMs: number;
  readonly loadTimeoutMs: number;
}

interface Loaded {
  readonly info: LoadedModelInfo;
  readonly preparedSpec: BackendSpec;
}

/**
 * The main thread's handle of one worker thread: `loading`, then `idle` and `busy` in turn, then `leaving`
 * (told to go, or given up) and `gone`.
 *
 * A thread is never terminated: that would abort the process where it is inside native code. One that hangs
 * is given up: it leaves by itself if it ever comes back, and does not keep the process alive until then.
 */
export class PoolWorker<Job> {
  readonly index: number;
  readonly generation: number;
  /** Resolves when the thread has ended. */
  readonly gone: Promise<void>;
  /** Resolves once the model is loaded; rejects with the reason why not, and the worker leaves then. */
  readonly loaded: Promise<Loaded>;
  readonly #events: WorkerEvents<Job>;
  readonly #limits: WorkerLimits;
  readonly #channel = new WorkerChannel();
  readonly #sender = new FrameSender();
  readonly #thread: Worker;
  #state: 'loading' | 'idle' | 'busy' | 'leaving' | 'gone' = 'loading';
  #job: Job | undefined;
  #isRetired = false;
  #isGivenUp = false;
  #frameNumber = 0;
  #logits: readonly [Float32Array, Float32Array] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #settleLoad: { resolve: (loaded: Loaded) => void; reject: (error: EffvitError) => void } | undefined;

  constructor(
    spec: BackendSpec,
    seat: { readonly index: number; readonly generation: number },
    limits: WorkerLimits,
    events: WorkerEvents<Job>,
  ) {
    this.index = seat.index;
    this.generation = seat.generation;
    this.#limits = limits;
    this.#events = events;
    this.loaded = new Promise((resolve, reject) => {
      this.#settleLoad = { resolve, reject };
    });
    const start: WorkerStart = {
      spec,
      channel: this.#channel.buffer,
      slotMemory: this.#sender.slot.memory,
      kernel: nv12Kernel(),
      descriptors: this.#sender.workerPort,
    };
    guardExit(this.#channel);
    this.#thread = new Worker(new URL('./workerMain.js', import.meta.url), {
      name: `effvit inference ${seat.index}`,
      workerData: start,
      transferList: [this.#sender.workerPort],
    });
    this.gone = new Promise((resolve) => {
      this.#thread.once('exit', (code) => {
        this.#onGone(code);
        resolve();
      });
    });
    this.#thread.on('message', (message: WorkerMessage) => this.#onMessage(message));
    this.#thread.on('error', (error) => this.#onLost(deathOf(this.index, error)));
    this.#timer = setTimeout(() => this.#onTimeout(), limits.loadTimeoutMs);
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /** Whether nothing more is expected of it, though its thread has not ended. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /**
   * Copies the frame into the worker's memory and wakes it; only while {@link isIdle}.
   *
   * @returns nanoseconds that the copy took. @throws EffvitError BAD_IMAGE; the worker is still idle then.
   */
  run(job: Job, frame: ImageFrame, plan: SendPlan, preprocess: PreprocessOptions): number {
    if (this.#state !== 'idle') {
      throw new EffvitError(
        'INTERNAL',
        `Worker ${this.index} is ${this.#state}; this is a defect of effvit.`,
      );
    }
    const beganNs = monotonicNs();
    const descriptor = this.#sender.send(frame, plan, preprocess);
    const handedOverNs = monotonicNs();
    this.#state = 'busy';
    this.#job = job;
    this.#frameNumber = this.#channel.post(descriptor, frame.data.length, handedOverNs);
    // One timer for the worker's life: starting it anew costs less than making one for each frame.
    this.#timer ??= setTimeout(() => this.#onTimeout(), this.#limits.runTimeoutMs).unref();
    this.#timer.refresh();
    return handedOverNs - beganNs;
  }

  /** A copy of what the network saw of the last frame; before the next one is run. */
  copyNv12(): Uint8Array {
    return this.#sender.copyNv12(this.#channel.nv12Place());
  }

  /** Size of the last compressed frame, once decoded; before the next one is run. */
  pictureSize(): PictureSize {
    return this.#channel.pictureSize();
  }

  /** Tells the worker to leave, after its frame where it has one. */
  retire(): void {
    if (this.#state === 'gone') return;
    this.#isRetired = true;
    this.#channel.stop();
    if (this.#state === 'idle') this.#state = 'leaving';
    if (this.#state === 'loading')
      this.#failLoad(new EffvitError('CLOSED', 'The pool was closed while the model was loading.'));
  }

  /** Expects nothing more of a worker that does not answer. @returns the job it had. */
  abandon(): Job | undefined {
    const job = this.#job;
    this.#job = undefined;
    this.#isGivenUp = true;
    this.#channel.stop();
    if (this.#state !== 'gone') this.#state = 'leaving';
    clearTimeout(this.#timer);
    this.#thread.unref();
    return job;
  }

  #onMessage(message: WorkerMessage): void {
    if (typeof message === 'number') {
      this.#finish(message, (job) => {
        const logits = this.#logits?.[message % 2 === 0 ? 0 : 1] ?? new Float32Array(0);
        this.#events.done(this, job, this.#channel.times(), logits);
      });
      return;
    }
    switch (message.kind) {
      case 'loaded':
        this.#onLoaded(message);
        break;
      case 'load_failed':
        this.#failLoad(new EffvitError(message.error.code, message.error.message));
        break;
      case 'frame_failed': {
        const error = new EffvitError(message.error.code, message.error.message);
        if (error.code === 'WORKER_DIED') this.#onLost(error);
        else this.#finish(message.number, (job) => this.#events.failed(this, job, error));
        break;
      }
    }
  }

  #onLoaded(message: Extract<WorkerMessage, { kind: 'loaded' }>): void {
    // It came too late, or was told to leave meanwhile.
    if (this.#state !== 'loading') return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { info, preparedSpec, logits } = message;
    const bytes = info.classCount * Float32Array.BYTES_PER_ELEMENT;
    this.#logits = [
      new Float32Array(logits, 0, info.classCount),
      new Float32Array(logits, bytes, info.classCount),
    ];
    this.#state = 'idle';
    this.#settleLoad?.resolve({ info, preparedSpec });
  }

  #failLoad(error: EffvitError): void {
    if (this.#state !== 'loading') return;
    this.#state = 'leaving';
    clearTimeout(this.#timer);
    this.#settleLoad?.reject(error);
  }

  #finish(number: number, report: (job: Job) => void): void {
    const job = this.#job;
    // An answer of a worker that was given up, or to a frame that was.
    if (job === undefined || number !== this.#frameNumber) return;
    this.#job = undefined;
    if (this.#state === 'busy') this.#state = this.#isRetired ? 'leaving' : 'idle';
    report(job);
  }

  #onTimeout(): void {
    if (this.#state === 'loading') {
      const limitMs = this.#limits.loadTimeoutMs;
      this.#failLoad(new EffvitError('TIMED_OUT', `The model did not load within ${limitMs} ms.`));
      this.abandon();
      return;
    }
    // The timer of a frame that was answered in time.
    if (this.#job === undefined) return;
    const limitMs = this.#limits.runTimeoutMs;
    const error = new EffvitError(
      'TIMED_OUT',
      `Worker ${this.index} held a frame longer than ${limitMs} ms and was given up: raise the limit if the model is that slow.`,
    );
    this.#events.lost(this, this.abandon(), error);
  }

  /** The thread is about to end, or has ended, without being told to. */
  #onLost(error: EffvitError): void {
    if (this.#state === 'loading') {
      this.#failLoad(error);
      return;
    }
    if (this.#state === 'leaving' && this.#job === undefined) return;
    if (this.#state === 'gone') return;
    this.#events.lost(this, this.abandon(), error);
  }

  #onGone(code: number): void {
    this.#onLost(deathOf(this.index, `its thread ended with code ${code}`));
    this.#state = 'gone';
    clearTimeout(this.#timer);
    this.#sender.close();
    releaseExit(this.#channel);
  }
}

function deathOf(index: number, reason: unknown): EffvitError {
  return asEffvitError(reason, 'WORKER_DIED', `Worker ${index} died`);
}
