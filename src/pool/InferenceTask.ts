import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { BatchInference, InferenceBackend } from '../inference/InferenceBackend.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { ChipFrame, DevicePictures } from './DevicePictures.js';

/** One input of a task: a frame, or one region of a frame. */
export interface TaskInput {
  /** Must not change until the task has run. */
  readonly nv12: Uint8Array;
  /** Replaces `nv12` for a device that crops and scales. */
  readonly chip?: ChipFrame | undefined;
  /** The scores are written here. */
  readonly logits: Float32Array;
  /** Called when the scores are written. */
  readonly onDone: (run: TaskRun) => void;
  readonly onFailed: (error: EffvitError) => void;
}

/** A run of a task, as one of its inputs sees it. */
export interface TaskRun {
  /** Points on the monotonic clock: the input was in its place, the task started, its scores were available. */
  readonly preparedNs: number;
  readonly startNs: number;
  readonly endedNs: number;
  /** Time to convert the input into the runtime's form, from joining on. */
  readonly inputNs: number;
  /** Duration of the whole task. */
  readonly inferenceNs: number;
  readonly batchSize: number;
}

/** An input that has a place in the task. */
interface PlacedInput extends TaskInput {
  readonly preparedNs: number;
  readonly inputNs: number;
}

/**
 * The next task of one worker. Inputs join one by one, each in its own place of the device's memory; then they run
 * together. A backend without batches has tasks of one input.
 */
export class InferenceTask {
  readonly #backend: InferenceBackend;
  readonly #batch: BatchInference | undefined;
  readonly #pictures: DevicePictures | undefined;
  #inputs: PlacedInput[] = [];

  /** @param pictures for a device that crops and scales. */
  constructor(backend: InferenceBackend, pictures?: DevicePictures) {
    this.#backend = backend;
    this.#batch = backend.batch;
    this.#pictures = pictures;
  }

  get size(): number {
    return this.#inputs.length;
  }

  /** Puts the input into the next place. @throws EffvitError if it is refused; then it has no place. */
  join(input: TaskInput): void {
    const joinedNs = monotonicNs();
    if (input.chip === undefined) this.#batch?.write(this.#inputs.length, input.nv12);
    else this.#placeOnChip(input.chip);
    const preparedNs = monotonicNs();
    this.#inputs.push({ ...input, preparedNs, inputNs: preparedNs - joinedNs });
  }

  #placeOnChip(chip: ChipFrame): void {
    if (this.#pictures === undefined) {
      throw new EffvitError('INTERNAL', 'The device does not cut and scale; this is a defect of effvit.');
    }
    this.#pictures.place(this.#inputs.length, chip);
  }

  /** Runs the joined inputs and reports to each its result or failure. The next task is empty. */
  async run(): Promise<void> {
    const inputs = this.#inputs;
    this.#inputs = [];
    if (inputs.length === 0) return;
    try {
      await this.#runTogether(inputs, 0);
    } catch (error) {
      const failure = asEffvitError(error, 'INFERENCE_FAILED');
      // One bad frame must not fail its batch: each input is retried alone, as long as the backend is usable.
      if (inputs.length === 1 || failure.code === 'WORKER_DIED') {
        for (const { onFailed } of inputs) onFailed(failure);
        return;
      }
      await this.#runAlone(inputs);
    }
  }

  async #runAlone(inputs: readonly PlacedInput[]): Promise<void> {
    let dead: EffvitError | undefined;
    for (const [place, input] of inputs.entries()) {
      try {
        if (dead !== undefined) throw dead;
        await this.#runTogether([input], place);
      } catch (error) {
        const failure = asEffvitError(error, 'INFERENCE_FAILED');
        if (failure.code === 'WORKER_DIED') dead = failure;
        input.onFailed(failure);
      }
    }
  }

  async #runTogether(inputs: readonly PlacedInput[], firstPlace: number): Promise<void> {
    const startNs = monotonicNs();
    const { logits, inputNs, inferenceNs } = await this.#infer(inputs, firstPlace);
    for (const [index, input] of inputs.entries()) {
      const values = logits[index] ?? new Float32Array(0);
      const error = problemOf(values, input.logits);
      if (error !== undefined) {
        input.onFailed(error);
        continue;
      }
      input.logits.set(values);
      input.onDone({
        preparedNs: input.preparedNs,
        startNs,
        endedNs: monotonicNs(),
        inputNs: input.inputNs + inputNs,
        inferenceNs,
        batchSize: inputs.length,
      });
    }
  }

  async #infer(inputs: readonly PlacedInput[], firstPlace: number) {
    if (this.#batch !== undefined) {
      return { ...(await this.#batch.run(firstPlace, inputs.length)), inputNs: 0 };
    }
    const { logits, inputNs, inferenceNs } = await this.#backend.run(inputs[0]?.nv12 ?? new Uint8Array(0));
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
  // By index: an iterator allocates an object per class.
  for (let index = 0; index < logits.length; index++) {
    if (Number.isFinite(logits[index])) continue;
    return new EffvitError(
      'INFERENCE_FAILED',
      "The model's output has NaN or infinite values: check its weights, and the mean and scale of its manifest.",
    );
  }
  return undefined;
}
