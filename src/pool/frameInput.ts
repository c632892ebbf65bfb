import type { ReceivedFrame } from './FrameReceiver.js';
import type { TaskInput } from './InferenceTask.js';
import type { FrameAnswer } from './workerProtocol.js';
import { failedAnswer } from './workerProtocol.js';

/**
 * A whole frame as the input of a task.
 *
 * @param startNs when the thread started it, on the monotonic clock.
 * @param answer called once with the outcome.
 */
export function frameInput(
  number: number,
  startNs: number,
  frame: ReceivedFrame,
  logits: Float32Array,
  answer: (answer: FrameAnswer) => void,
): TaskInput {
  const { record, nv12, decodeNs, preprocessNs, picture, figures, chip } = frame;
  return {
    nv12,
    ...(chip !== undefined && { chip }),
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
