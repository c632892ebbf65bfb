import { setTimeout as delay } from 'node:timers/promises';
import type { Classifier, ClassifyOutcome } from '../classify/Classifier.js';
import type { FrameResults } from '../classify/expectedResults.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import type { VirtualClock } from '../pool/VirtualClock.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { BagImage, BagMessageProblem } from './BagImage.js';
import { type PaceOptions, paceMessages } from './paceMessages.js';
import { RecordedCameras } from './RecordedCameras.js';

const REPLACEMENT_LOOK_MS = 5;

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
  /** The classifier's, if its time is virtual: at a pace, queueing and drops then follow from its service model. */
  readonly clock?: VirtualClock | undefined;
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
 * @returns number of submitted frames, and the time from the first frame to the last outcome, by the classifier's clock.
 */
export async function replayBag(
  options: ReplayBagOptions,
): Promise<{ readonly frames: number; readonly elapsedNs: number }> {
  const { images, classifier, rate, clock, signal, onFrame, keepNv12 = false } = options;
  const time = replayTime(clock, classifier, signal);
  let sequence = 0;
  let startedNs: number | undefined;
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
  const cameras = new RecordedCameras<FrameOfBag>({
    demand: classifier,
    depth: classifier.readerDepth,
    nowNs: time.nowNs,
    take: ({ frame, place }, waitedNs) => {
      void classifier
        .classify(frame, { keepNv12, waitedNs })
        .then((outcome) => report({ ...place, outcome }));
    },
    replaced: ({ frame, place }) => report({ ...place, outcome: classifier.refuse(frame, 'queue_full') }),
  });
  for await (const { message: item } of paceMessages(() => images, { rate, signal, ...time.pacing })) {
    if (signal.aborted || failure !== undefined) break;
    startedNs ??= time.nowNs();
    if (rate === 'max' || classifier.options.dropPolicy === 'block') {
      await time.until(classifier.ready({ signal }));
      if (signal.aborted) break;
    }
    const place = { sequence: sequence++, logTimeNs: item.logTimeNs };
    if (item.kind === 'problem') {
      const header = { stamp: { sec: 0, nanosec: 0 }, frameId: '', source: item.topic };
      report({ ...place, outcome: classifier.refuse(header, 'bad_image', item.error) });
    } else {
      cameras.arrive(item.frame.source, { frame: item.frame, place });
    }
  }
  await time.until(cameras.emptied());
  await time.until(classifier.drain());
  // The last outcomes resolve in the event-loop turn after the drain.
  await delay(0);
  await calls;
  if (failure !== undefined) throw failure;
  return { frames: sequence, elapsedNs: startedNs === undefined ? 0 : time.nowNs() - startedNs };
}

interface FrameOfBag {
  readonly frame: ImageFrame;
  readonly place: Omit<ReplayedFrame, 'outcome'>;
}

/** The time in which a recording is replayed: real, or that of a virtual clock. */
interface ReplayTime {
  readonly nowNs: () => number;
  readonly pacing: Pick<PaceOptions, 'nowNs' | 'wait'>;
  /** Waits until the promise is settled. */
  readonly until: (settled: Promise<unknown>) => Promise<unknown>;
}

function replayTime(
  clock: VirtualClock | undefined,
  classifier: Pick<Classifier, 'workers'>,
  signal: AbortSignal,
): ReplayTime {
  if (clock === undefined) {
    return { nowNs: monotonicNs, pacing: {}, until: (settled) => settled.catch(() => undefined) };
  }
  const nowNs = (): number => clock.nowNs();
  const wait = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    // Virtual time stands still while a worker that died is replaced.
    for (let workers = classifier.workers(); workers.serving === 0; workers = classifier.workers()) {
      if (workers.isBroken || signal.aborted) return;
      await delay(REPLACEMENT_LOOK_MS);
    }
  };
  return {
    nowNs,
    pacing: { nowNs: () => BigInt(nowNs()), wait },
    until: (settled) => clock.advanceUntil(settled),
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
