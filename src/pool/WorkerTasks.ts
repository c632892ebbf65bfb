import { asEffvitError } from '../core/EffvitError.js';
import type { InferenceBackend } from '../inference/InferenceBackend.js';
import { MOST_REGIONS } from '../inference/PictureResizer.js';
import { monotonicNs, NS_PER_MS } from '../stats/monotonicNs.js';
import { DevicePictures } from './DevicePictures.js';
import type { FrameReceiver, ReceivedFrame } from './FrameReceiver.js';
import { InferenceTask, type TaskInput } from './InferenceTask.js';
import { type ReceivedRegions, RegionsInput } from './RegionsInput.js';
import type { HandedFrame, WorkerChannel } from './WorkerChannel.js';
import { type FrameAnswer, failedAnswer, type LogitsRing, type WorkerMessage } from './workerProtocol.js';

/** The main thread copies announced frames one after the other, in some hundred microseconds each unless it stalls. */
const EXPECTED_WITHIN_NS = 50 * NS_PER_MS;

/** Gathers the frames handed to one worker thread into tasks, runs these and answers each task's frames together. */
export class WorkerTasks {
  readonly #channel: WorkerChannel;
  readonly #receiver: FrameReceiver;
  readonly #logits: LogitsRing;
  readonly #task: InferenceTask;
  readonly #send: (message: WorkerMessage) => void;
  #answers: FrameAnswer[] = [];
  #isOfUse = true;
  readonly #answer = (answer: FrameAnswer): void => {
    if (typeof answer !== 'number' && answer.error.code === 'WORKER_DIED') this.#isOfUse = false;
    this.#answers.push(answer);
  };

  constructor(
    channel: WorkerChannel,
    receiver: FrameReceiver,
    loaded: { readonly backend: InferenceBackend; readonly logits: LogitsRing },
    send: (message: WorkerMessage) => void,
  ) {
    this.#channel = channel;
    this.#receiver = receiver;
    this.#logits = loaded.logits;
    this.#send = send;
    const { resizer } = loaded.backend;
    const pictures =
      resizer &&
      new DevicePictures(resizer, (slot, shared) => send({ kind: 'device_picture', slot, shared }));
    this.#task = new InferenceTask(loaded.backend, pictures);
  }

  /**
   * Runs the frame together with other available frames, up to a batch; with `waitMs`, also with frames that arrive
   * during the wait.
   *
   * @returns false if the backend is no longer usable.
   */
  async run(first: HandedFrame): Promise<boolean> {
    const { largestBatch, waitMs } = this.#channel.batchLimits;
    const deadlineNs = monotonicNs() + waitMs * NS_PER_MS;
    let last = first.number;
    for (let handed: HandedFrame | undefined = first; handed !== undefined && this.#isOfUse; ) {
      last = handed.number;
      await this.#gather(handed, largestBatch);
      if (this.#task.size >= largestBatch) break;
      handed = this.#channel.nextFrame(deadlineNs) ?? this.#channel.nextExpected(last, EXPECTED_WITHIN_NS);
    }
    this.#channel.closeTask(last);
    await this.#task.run();
    this.#sendAnswers();
    return this.#isOfUse;
  }

  async #gather({ number, slot }: HandedFrame, largestBatch: number): Promise<void> {
    const startNs = monotonicNs();
    try {
      const received = await this.#receiver.receive(slot);
      if (received.kind === 'regions') await this.#gatherRegions(number, startNs, received, largestBatch);
      else this.#task.join(frameInput(number, startNs, received, this.#logits.of(number), this.#answer));
    } catch (thrown) {
      const answer = failedAnswer(number, asEffvitError(thrown, 'INFERENCE_FAILED'));
      this.#send({ kind: 'answers', answers: [answer] });
    }
  }

  /** Runs every task that the regions fill; the last one, if not full, stays open for further frames. */
  async #gatherRegions(
    number: number,
    startNs: number,
    received: ReceivedRegions,
    largestBatch: number,
  ): Promise<void> {
    const regions = new RegionsInput(number, startNs, received, this.#answer);
    // A device that crops takes several regions of a picture as one task, whatever its batch of frames is.
    const most = 'chip' in received.source ? Math.max(largestBatch, MOST_REGIONS) : largestBatch;
    for (const place of regions.places()) {
      if (this.#task.size >= most) {
        // The frame's task has started: no other frame may wait to join it.
        this.#channel.closeTask(number);
        await this.#task.run();
        if (!this.#isOfUse) return;
        this.#sendAnswers();
        this.#send({ kind: 'progress' });
      }
      regions.join(place, this.#task);
    }
  }

  #sendAnswers(): void {
    const answers = this.#answers;
    const [first] = answers;
    this.#answers = [];
    if (answers.length === 1 && typeof first === 'number') this.#send(first);
    else if (answers.length > 0) this.#send({ kind: 'answers', answers });
  }
}

/**
 * A whole frame as the input of a task.
 *
 * @param startNs when the thread started it, on the monotonic clock.
 * @param answer called once with the outcome.
 */
function frameInput(
  number: number,
  startNs: number,
  frame: ReceivedFrame,
  logits: Float32Array,
  answer: (answer: FrameAnswer) => void,
): TaskInput {
  const { record, nv12, decodeNs, preprocessNs, picture, figures, chip } = frame;
  return {
    nv12,
    chip,
    logits,
    onDone: ({ preparedNs, startNs: taskBeganNs, endedNs, inputNs, inferenceNs, batchSize }) => {
      const batchWaitNs = Math.max(taskBeganNs - preparedNs, 0);
      record.report(
        {
          startNs,
          decodeNs,
          preprocessNs: preprocessNs + inputNs,
          batchWaitNs,
          inferenceNs,
          endedNs,
        },
        nv12,
        picture,
        batchSize,
        figures,
      );
      record.rank(logits);
      answer(number);
    },
    onFailed: (error) => answer(failedAnswer(number, error)),
  };
}
