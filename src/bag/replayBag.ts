import { setTimeout as delay } from 'node:timers/promises';
import type { Classifier, ClassifyOutcome } from '../classify/Classifier.js';
import type { FrameResults } from '../classify/expectedResults.js';
import type { BagImage, BagMessageProblem } from './BagImage.js';
import { paceMessages } from './paceMessages.js';

/** One frame of a recording and its outcome. */
export interface ReplayedFrame {
  /** Place in the recording, from 0, over all topics. */
  readonly sequence: number;
  readonly logTimeNs: bigint;
  readonly outcome: ClassifyOutcome;
}

export interface ReplayBagOptions {
  readonly images: AsyncIterable<BagImage | BagMessageProblem>;
  readonly classifier: Classifier;
  /**
   * `max`: as fast as the pool accepts frames; else a factor of the recorded pace, at which the policy `block` waits
   * and the others drop frames as in the node.
   */
  readonly rate: number | 'max';
  /** Ends the replay after the frames in flight. */
  readonly signal: AbortSignal;
  /** Add the network's input to each result; it is a copy, so do not retain many. */
  readonly keepNv12?: boolean;
  /** Called once per frame, in the order of outcomes; the returned promise is awaited before the next call. */
  readonly onFrame: (frame: ReplayedFrame) => void | Promise<void>;
}

/**
 * Sends a recording through the classifier and returns when the outcome of every frame was passed to `onFrame`.
 *
 * @returns number of submitted frames, and the time from the first frame to the last outcome.
 */
export async function replayBag(
  options: ReplayBagOptions,
): Promise<{ readonly frames: number; readonly elapsedNs: number }> {
  const { images, classifier, rate, signal, onFrame, keepNv12 = false } = options;
  let sequence = 0;
  let startedNs: bigint | undefined;
  let failure: unknown;
  // A promise chain runs the calls of onFrame sequentially, in the order of the outcomes.
  let calls: Promise<void> = Promise.resolve();
  const report = (frame: ReplayedFrame): void => {
    calls = calls
      .then(() => onFrame(frame))
      .catch((error: unknown) => {
        failure ??= error;
      });
  };
  for await (const { message: item } of paceMessages(() => images, { rate, signal })) {
    if (signal.aborted || failure !== undefined) break;
    startedNs ??= process.hrtime.bigint();
    if (rate === 'max' || classifier.options.dropPolicy === 'block') {
      await classifier.ready({ signal }).catch(() => undefined);
      if (signal.aborted) break;
    }
    const current = { sequence: sequence++, logTimeNs: item.logTimeNs };
    if (item.kind === 'problem') {
      const header = { stamp: { sec: 0, nanosec: 0 }, frameId: '', source: item.topic };
      report({ ...current, outcome: classifier.refuse(header, 'bad_image', item.error) });
    } else {
      void classifier.classify(item.frame, { keepNv12 }).then((outcome) => report({ ...current, outcome }));
    }
  }
  await classifier.drain();
  // The last outcomes resolve in the event-loop turn after the drain.
  await delay(0);
  await calls;
  if (failure !== undefined) throw failure;
  return {
    frames: sequence,
    elapsedNs: startedNs === undefined ? 0 : Number(process.hrtime.bigint() - startedNs),
  };
}

/** The results of published frames in the format of expectation files. */
export function frameResults(frames: readonly ReplayedFrame[]): FrameResults[] {
  return frames.flatMap(({ outcome }) =>
    outcome.kind === 'result'
      ? [
          {
            topic: outcome.header.source,
            stamp: [outcome.header.stamp.sec, outcome.header.stamp.nanosec] as const,
            results: outcome.value,
            ...(outcome.smoothed !== undefined && { smoothed: outcome.smoothed }),
          },
        ]
      : [],
  );
}
