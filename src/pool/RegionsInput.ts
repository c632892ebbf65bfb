import { asEffvitError, type EffvitError } from '../core/EffvitError.js';
import type { PictureRegion } from '../image/PictureRegion.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { InferenceTask, TaskRun } from './InferenceTask.js';
import type { ReceivedRegions } from './ReceivedRegions.js';
import { type FrameAnswer, failedAnswer } from './workerProtocol.js';

/**
 * The regions of one frame, or a worker's share of them, as inputs of one or more tasks. A failed region does not
 * affect the others. The frame is answered when all of them have ended.
 */
export class RegionsInput {
  readonly #number: number;
  readonly #startNs: number;
  readonly #received: ReceivedRegions;
  readonly #answer: (answer: FrameAnswer) => void;
  #openCount: number;
  #preprocessNs = 0;
  #inferenceNs = 0;
  /** Start of the last counted run, so that further regions of the same run do not count it again. */
  #countedRunNs = 0;
  #batchSize = 1;
  #error: EffvitError | undefined;

  /** @param answer called once with the outcome of the frame. */
  constructor(
    number: number,
    startNs: number,
    received: ReceivedRegions,
    answer: (answer: FrameAnswer) => void,
  ) {
    this.#number = number;
    this.#startNs = startNs;
    this.#received = received;
    this.#answer = answer;
    this.#openCount = received.options.count;
  }

  /** Places of its regions, in order. */
  places(): Iterable<number> {
    return Array.from({ length: this.#received.options.count }).keys();
  }

  /** Adds the region to the task if its box is valid. */
  join(place: number, task: InferenceTask): void {
    const { regions } = this.#received.options;
    const startNs = monotonicNs();
    let region = NO_REGION;
    try {
      const prepared = this.#received.prepare(place, task.size === 0);
      this.#preprocessNs += monotonicNs() - startNs;
      if (typeof prepared === 'string') {
        regions.refuse(place, prepared);
        this.#end();
        return;
      }
      const { nv12, chip } = prepared;
      region = prepared.region;
      task.join({
        nv12,
        chip,
        logits: regions.logitsOf(place),
        onDone: (run) => this.#onDone(place, prepared.region, run),
        onFailed: (error) => this.#onFailed(place, prepared.region, error),
      });
    } catch (thrown) {
      this.#onFailed(place, region, asEffvitError(thrown, 'INFERENCE_FAILED'));
    }
  }

  #onDone(place: number, region: PictureRegion, run: TaskRun): void {
    if (this.#openCount === 0) return;
    this.#preprocessNs += run.inputNs;
    if (run.startNs !== this.#countedRunNs) this.#inferenceNs += run.inferenceNs;
    this.#countedRunNs = run.startNs;
    this.#batchSize = Math.max(this.#batchSize, run.batchSize);
    this.#received.options.regions.settle(place, region, run.batchSize);
    this.#end();
  }

  #onFailed(place: number, region: PictureRegion, error: EffvitError): void {
    // The frame has ended because the backend failed.
    if (this.#openCount === 0) return;
    this.#error ??= error;
    if (error.code === 'WORKER_DIED') {
      // The frame ends here with the regions computed so far.
      this.#openCount = 0;
      this.#report();
      this.#answer(failedAnswer(this.#number, error));
      return;
    }
    this.#received.options.regions.settle(place, region, 0);
    this.#end();
  }

  #end(): void {
    this.#openCount -= 1;
    // After each region: if the worker dies at the next one, the main thread reads this report.
    this.#report();
    if (this.#openCount > 0) return;
    this.#answer(this.#error === undefined ? this.#number : failedAnswer(this.#number, this.#error, true));
  }

  #report(): void {
    const { record, decodeNs, picture } = this.#received.options;
    const endedNs = monotonicNs();
    const busyNs = decodeNs + this.#preprocessNs + this.#inferenceNs;
    record.report(
      {
        startNs: this.#startNs,
        decodeNs,
        preprocessNs: this.#preprocessNs,
        batchWaitNs: Math.max(endedNs - this.#startNs - busyNs, 0),
        inferenceNs: this.#inferenceNs,
        endedNs,
      },
      NOTHING,
      picture,
      this.#batchSize,
    );
  }
}

const NOTHING = new Uint8Array(0);
const NO_REGION: PictureRegion = { leftPx: 0, topPx: 0, widthPx: 0, heightPx: 0 };
