import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { BatchInference, InferenceBackend } from '../inference/InferenceBackend.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { ReceivedFrame } from './FrameReceiver.js';
import type { LogitsRing } from './workerProtocol.js';

/** A frame that has its place in the task. */
interface TaskFrame extends ReceivedFrame {
  readonly number: number;
  readonly beganNs: number;
  /** Decoding, resizing and bringing the input into place; until then on its own. */
  readonly preparedNs: number;
  readonly inputNs: number;
}

/** What became of one frame of a task. */
export type TaskAnswer = { readonly number: number; readonly error?: EffvitError };

/**
 * The coming task of one worker: frames join it one by one, each in its own place of the device's memory, then it runs
 * them together. A backend without batches has tasks of one frame.
 */
export class InferenceTask {
  readonly #backend: InferenceBackend;
  readonly #batch: BatchInference | undefined;
  readonly #logits: LogitsRing;
  #frames: TaskFrame[] = [];

  constructor(backend: InferenceBackend, logits: LogitsRing) {
    this.#backend = backend;
    this.#batch = backend.batch;
    this.#logits = logits;
  }

  get size(): number {
    return this.#frames.length;
  }

  /** The frame takes the next place. @throws EffvitError where its input is refused; it has no place then. */
  join(number: number, beganNs: number, frame: ReceivedFrame): void {
    const placedNs = monotonicNs();
    this.#batch?.write(this.#frames.length, frame.nv12);
    const preparedNs = monotonicNs();
    this.#frames.push({ ...frame, number, beganNs, preparedNs, inputNs: preparedNs - placedNs });
  }

  /** Runs what has joined; the next task is empty. @returns an answer for each frame, in the order of joining. */
  async run(): Promise<TaskAnswer[]> {
    const frames = this.#frames;
    this.#frames = [];
    try {
      return await this.#runTogether(frames, 0);
    } catch (error) {
      const failure = asEffvitError(error, 'INFERENCE_FAILED');
      // One bad frame must not cost its batch: each has a try of its own, while the backend is of use.
      if (frames.length === 1 || failure.code === 'WORKER_DIED') {
        return frames.map(({ number }) => ({ number, error: failure }));
      }
      return await this.#runAlone(frames);
    }
  }

  async #runAlone(frames: readonly TaskFrame[]): Promise<TaskAnswer[]> {
    const answers: TaskAnswer[] = [];
    let dead: EffvitError | undefined;
    for (const [place, frame] of frames.entries()) {
      try {
        if (dead !== undefined) throw dead;
        answers.push(...(await this.#runTogether([frame], place)));
      } catch (error) {
        const failure = asEffvitError(error, 'INFERENCE_FAILED');
        if (failure.code === 'WORKER_DIED') dead = failure;
        answers.push({ number: frame.number, error: failure });
      }
    }
    return answers;
  }

  async #runTogether(frames: readonly TaskFrame[], firstPlace: number): Promise<TaskAnswer[]> {
    const beganNs = monotonicNs();
    const { logits, inputNs, inferenceNs } = await this.#infer(frames, firstPlace);
    return frames.map((frame, index) => {
      const { number } = frame;
      const values = logits[index] ?? new Float32Array(0);
      const error = problemOf(values, this.#logits.of(number));
      if (error !== undefined) return { number, error };
      this.#logits.of(number).set(values);
      frame.record.report(
        {
          beganNs: frame.beganNs,
          decodeNs: frame.decodeNs,
          preprocessNs: frame.preprocessNs + frame.inputNs + inputNs,
          batchWaitNs: Math.max(beganNs - frame.preparedNs, 0),
          inferenceNs,
          endedNs: monotonicNs(),
        },
        frame.nv12,
        frame.picture,
        frames.length,
      );
      return { number };
    });
  }

  async #infer(frames: readonly TaskFrame[], firstPlace: number) {
    if (this.#batch !== undefined) {
      return { ...(await this.#batch.run(firstPlace, frames.length)), inputNs: 0 };
    }
    const { logits, inputNs, inferenceNs } = await this.#backend.run(frames[0]?.nv12 ?? new Uint8Array(0));
    return { logits: [logits], inputNs, inferenceNs };
  }
}

function problemOf(logits: Float32Array, into: Float32Array): EffvitError | undefined {
  if (logits.length !== into.length) {
    return new EffvitError(
      'INFERENCE_FAILED',
      `The backend gave ${logits.length} scores where ${into.length} classes were loaded.`,
    );
  }
  // By index: an iterator makes an object for each class.
  for (let index = 0; index < logits.length; index++) {
    if (Number.isFinite(logits[index])) continue;
    return new EffvitError(
      'INFERENCE_FAILED',
      "The model's output has NaN or infinite values: check its weights, and the mean and scale of its manifest.",
    );
  }
  return undefined;
}
