import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import { disableTelemetry } from '../inference/onnx/disableTelemetry.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { guardExit, releaseExit } from './exitGuard.js';
import type { PictureSize, WorkerTimes } from './FrameRecord.js';
import { FrameSender, type SendPlan } from './FrameSender.js';
import { nv12Kernel } from './nv12Kernel.js';
import { WorkerChannel } from './WorkerChannel.js';
import { logitsOf, type WorkerMessage, type WorkerStart } from './workerProtocol.js';

/** What a worker made of a frame. */
export interface WorkerReport {
  readonly times: WorkerTimes;
  /** How long the frame lay in the worker's memory while the one before it was computed, nanoseconds. */
  readonly waitedAheadNs: number;
  /** Of a compressed frame; zeros for a raw one. */
  readonly pictureSize: PictureSize;
  /** Valid until two further frames were handed to this worker and answered. */
  readonly logits: Float32Array;
  /** What the network saw; only before the next frame is handed over. */
  copyNv12(): Uint8Array;
}

/** What becomes of the jobs that a worker was given; each gets exactly one of these. */
export interface WorkerEvents<Job> {
  /** The frame was classified; the worker can take another. */
  done(worker: PoolWorker<Job>, job: Job, report: WorkerReport): void;
  /** The frame failed alone; the worker can take another. */
  failed(worker: PoolWorker<Job>, job: Job, error: EffvitError): void;
  /**
   * The worker serves no more, though nobody told it to leave: `begun` are lost with it, `unbegun` were never
   * looked at and never will be by this worker.
   */
  lost(worker: PoolWorker<Job>, begun: readonly Job[], unbegun: readonly Job[], error: EffvitError): void;
}

export interface WorkerLimits {
  readonly runTimeoutMs: number;
  readonly loadTimeoutMs: number;
}

interface Loaded {
  readonly info: LoadedModelInfo;
  readonly preparedSpec: BackendSpec;
}

interface Assignment<Job> {
  readonly job: Job;
  readonly number: number;
  readonly slot: number;
}

// A worker's heap is 5 MB: shrinking it while the worker is thought to be idle halted it for 5 to 19 ms amid frames.
// Read whenever a thread's heap is made, so before the first worker.
setFlagsFromString('--no-memory-reducer');

/** Of the newest frame in the moving average of the time that a frame takes. */
const SERVICE_WEIGHT = 1 / 8;
/** One that is computed and one that is handed ahead. */
const SLOT_COUNT = 2;

/**
 * The main thread's handle of one worker thread: `loading`, then `serving`, then `leaving` (told to go, or given
 * up) and `gone`.
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
  readonly #senders = Array.from({ length: SLOT_COUNT }, () => new FrameSender());
  readonly #thread: Worker;
  #state: 'loading' | 'serving' | 'leaving' | 'gone' = 'loading';
  #isGivenUp = false;
  /** In the order in which the thread does them. */
  #assignments: Assignment<Job>[] = [];
  #currentSinceNs = 0;
  /** How long it takes for a frame, a moving average; nothing is expected of it before the first. */
  #serviceNs = Number.POSITIVE_INFINITY;
  #lastEndedNs = 0;
  #logits = logitsOf(0);
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
    const slots = this.#senders.map((sender) => sender.start);
    const workerData: WorkerStart = {
      spec,
      channel: this.#channel.buffer,
      slots,
      kernel: nv12Kernel(),
    };
    disableTelemetry();
    this.#thread = new Worker(new URL('./workerMain.js', import.meta.url), {
      name: `effvit inference ${seat.index}`,
      workerData,
      transferList: slots.map(({ descriptors }) => descriptors),
    });
    guardExit(this.#channel);
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

  /** Frames that it has: none, the one that it computes, or that one and the next. */
  get load(): number {
    return this.#assignments.length;
  }

  /** Whether it could be given a frame; see {@link load}. */
  get hasRoom(): boolean {
    return this.#state === 'serving' && this.#assignments.length < SLOT_COUNT;
  }

  get isServing(): boolean {
    return this.#state === 'serving';
  }

  /** When it is expected to be done with the frame that it computes, by the monotonic clock; for a worker with load. */
  get expectedFreeNs(): number {
    return this.#currentSinceNs + this.#serviceNs;
  }

  /** Whether nothing more is expected of it, though its thread has not ended. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /**
   * Copies the frame into the worker's memory and wakes it; only while {@link hasRoom}.
   *
   * @returns nanoseconds that the copy took. @throws EffvitError BAD_IMAGE; nothing was handed over then.
   */
  run(job: Job, frame: ImageFrame, plan: SendPlan, preprocess: PreprocessOptions): number {
    const slot = this.#assignments[0]?.slot === 0 ? 1 : 0;
    const sender = this.#senders[slot];
    if (!this.hasRoom || sender === undefined) {
      throw new EffvitError('INTERNAL', `Worker ${this.index} has no room; this is a defect of effvit.`);
    }
    const beganNs = monotonicNs();
    const handedOverNs = sender.send(frame, plan, preprocess);
    const number = this.#channel.post(slot);
    this.#assignments.push({ job, number, slot });
    if (this.#assignments.length === 1) this.#watch(handedOverNs);
    // Waking the worker is the handover's: the two must not overlap, or the stages exceed the total.
    return handedOverNs - beganNs;
  }

  /** Tells the worker to leave, after the frames that it has. */
  retire(): void {
    if (this.#state === 'gone') return;
    this.#channel.stop();
    if (this.#state === 'serving') this.#state = 'leaving';
    if (this.#state === 'loading') {
      this.#failLoad(new EffvitError('CLOSED', 'The pool was closed while the model was loading.'));
    }
  }

  /** Expects nothing more of the worker: the frames that it has are lost, or given back. */
  giveUp(error: EffvitError): void {
    if (this.#isGivenUp || this.#state === 'gone') return;
    this.#isGivenUp = true;
    this.#state = 'leaving';
    this.#thread.unref();
    this.#lose(error);
  }

  #onMessage(message: WorkerMessage): void {
    if (typeof message === 'number') {
      this.#onDone(message);
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
        if (error.code === 'WORKER_DIED') {
          this.#onLost(error);
          break;
        }
        const assignment = this.#take(message.number);
        if (assignment !== undefined) this.#events.failed(this, assignment.job, error);
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
    this.#logits = logitsOf(info.classCount, logits);
    this.#state = 'serving';
    this.#settleLoad?.resolve({ info, preparedSpec });
  }

  #failLoad(error: EffvitError): void {
    if (this.#state !== 'loading') return;
    this.#state = 'leaving';
    clearTimeout(this.#timer);
    this.#settleLoad?.reject(error);
  }

  #onDone(number: number): void {
    const assignment = this.#take(number);
    const sender = assignment === undefined ? undefined : this.#senders[assignment.slot];
    if (assignment === undefined || sender === undefined) return;
    const times = sender.record.times();
    const aheadUntilNs = Math.min(this.#lastEndedNs, times.beganNs);
    this.#lastEndedNs = times.endedNs;
    const serviceNs = times.endedNs - times.beganNs;
    this.#serviceNs = Number.isFinite(this.#serviceNs)
      ? this.#serviceNs + (serviceNs - this.#serviceNs) * SERVICE_WEIGHT
      : serviceNs;
    this.#events.done(this, assignment.job, {
      times,
      waitedAheadNs: Math.max(aheadUntilNs - times.handedOverNs, 0),
      pictureSize: sender.record.pictureSize(),
      logits: this.#logits.of(number),
      copyNv12: () => sender.copyNv12(),
    });
  }

  /** The frame that was answered; undefined for an answer that nobody waits for any more. */
  #take(number: number): Assignment<Job> | undefined {
    if (this.#assignments[0]?.number !== number) return undefined;
    const assignment = this.#assignments.shift();
    if (this.#assignments.length > 0) this.#watch(monotonicNs());
    return assignment;
  }

  /** The thread turns to a frame: its time runs from now on. */
  #watch(nowNs: number): void {
    this.#currentSinceNs = nowNs;
    // One timer for the worker's life: starting it anew costs less than making one for each frame.
    this.#timer ??= setTimeout(() => this.#onTimeout(), this.#limits.runTimeoutMs).unref();
    this.#timer.refresh();
  }

  #onTimeout(): void {
    if (this.#state === 'loading') {
      const limitMs = this.#limits.loadTimeoutMs;
      const error = new EffvitError('TIMED_OUT', `The model did not load within ${limitMs} ms.`);
      this.#failLoad(error);
      this.giveUp(error);
      return;
    }
    // After a long halt of this thread the answer may be there already: messages are read before the check.
    const current = this.#assignments[0];
    setImmediate(() => {
      if (current === undefined || this.#assignments[0] !== current) return;
      const limitMs = this.#limits.runTimeoutMs;
      const message = `Worker ${this.index} held a frame longer than ${limitMs} ms and was given up: raise the limit if the model is that slow.`;
      this.giveUp(new EffvitError('TIMED_OUT', message));
    });
  }

  /** The thread is about to end, or has ended, without being told to. */
  #onLost(error: EffvitError): void {
    if (this.#state === 'loading') {
      this.#failLoad(error);
    } else if (this.#state === 'serving' || this.#assignments.length > 0) {
      this.#state = 'leaving';
      this.#lose(error);
    }
  }

  #lose(error: EffvitError): void {
    clearTimeout(this.#timer);
    const lastBegun = this.#channel.revoke();
    const assignments = this.#assignments;
    this.#assignments = [];
    const begunCount = assignments.findIndex(({ number }) => number === lastBegun) + 1;
    const jobs = assignments.map(({ job }) => job);
    this.#events.lost(this, jobs.slice(0, begunCount), jobs.slice(begunCount), error);
  }

  #onGone(code: number): void {
    this.#onLost(deathOf(this.index, `its thread ended with code ${code}`));
    this.#state = 'gone';
    clearTimeout(this.#timer);
    for (const sender of this.#senders) sender.close();
    releaseExit(this.#channel);
  }
}

function deathOf(index: number, reason: unknown): EffvitError {
  return asEffvitError(reason, 'WORKER_DIED', `Worker ${index} died`);
}
