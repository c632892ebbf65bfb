import { setTimeout as delay } from 'node:timers/promises';
import { TAKES_ALL } from '../classify/CameraTurns.js';
import type { Classifier, ClassifyOutcome } from '../classify/Classifier.js';
import type { UnmatchedView } from '../classify/DetectionPairing.js';
import { DetectorPairings } from '../classify/DetectorPairings.js';
import type { FrameResults, RegionResults } from '../classify/expectedResults.js';
import { BURST_DEPTH } from '../classify/livePoolOptions.js';
import type { ClassifyRegionsOutcome, RegionResult } from '../classify/RegionResult.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { type DetectionsMessage, parseDetectionsCdr, regionBoxOf } from '../messages/detectionsMessage.js';
import type { VirtualClock } from '../pool/VirtualClock.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { BagDetections, BagImage, BagMessageProblem } from './BagFile.js';
import { PlaybackClock } from './PlaybackClock.js';
import { paceMessages } from './paceMessages.js';
import { RecordedCameras } from './RecordedCameras.js';

const REPLACEMENT_LOOK_MS = 5;

/** One frame of a recording and its outcome: for the whole frame, or for the boxes of a detector in it. */
export interface ReplayedFrame<Outcome = ClassifyOutcome | ClassifyRegionsOutcome> {
  /** Place in the recording, from 0, over all topics. */
  readonly sequence: number;
  readonly logTimeNs: bigint;
  readonly outcome: Outcome;
  /** The message whose boxes were classified. */
  readonly detections?: DetectionsMessage;
}

export interface ReplayBagOptions {
  readonly images: AsyncIterable<BagImage | BagMessageProblem | BagDetections>;
  readonly classifier: Classifier;
  /**
   * `max`: as fast as the pool accepts frames; else a factor of the recorded pace, at which the policy `block` waits
   * and the others drop frames as in the node.
   */
  readonly rate: number | 'max';
  /** The classifier's, if its time is virtual: at a pace, queueing and drops then follow from its service model. */
  readonly clock?: VirtualClock | undefined;
  /**
   * The topic of the detector of each camera that has one: its boxes are classified in place of whole frames, as in the
   * node. Frames and detections wait for each other by the recording's log times.
   */
  readonly detectorOf?: ReadonlyMap<string, string>;
  /** Called with a sentence about frames that have no detections. */
  readonly warn?: (text: string) => void;
  /** Ends the replay after the frames in flight. */
  readonly signal: AbortSignal;
  /** Add the network's input to each result; it is a copy, so do not retain many. */
  readonly keepNv12?: boolean;
  /**
   * Called once per frame, in the order of outcomes, with its image if the message is one; the returned promise is
   * awaited before the next call.
   */
  readonly onFrame: (frame: ReplayedFrame, image: ImageFrame | undefined) => void | Promise<void>;
}

/**
 * Sends a recording through the classifier and returns when the outcome of every frame was passed to `onFrame`.
 *
 * @returns number of submitted frames, and the time from the first frame to the last outcome, by the classifier's clock.
 */
export async function replayBag(
  options: ReplayBagOptions,
): Promise<{ readonly frames: number; readonly elapsedNs: number; readonly unmatched: UnmatchedView }> {
  const { images, classifier, rate, clock, signal, onFrame, keepNv12 = false } = options;
  const time = replayTime(clock, classifier, signal);
  let sequence = 0;
  let startedNs: number | undefined;
  let firstLogNs: bigint | undefined;
  let failure: unknown;
  // A promise chain runs the calls of onFrame sequentially, in the order of the outcomes.
  let calls: Promise<void> = Promise.resolve();
  const report = (frame: ReplayedFrame, image?: ImageFrame): void => {
    calls = calls
      .then(() => onFrame(frame, image))
      .catch((error: unknown) => {
        failure ??= error;
      });
  };
  const { detectorOf = new Map(), warn = () => {} } = options;
  /** Log time of the last message, since the first. */
  let recordedNs = 0;
  const boxes = new DetectorPairings<FrameOfBag, DetectionsMessage>(detectorOf, classifier.options, {
    onMatch: ({ frame, place }, detections) => {
      const regions = detections.detections.map(({ bbox }) => regionBoxOf(bbox));
      const tracks = detections.detections.map(({ id }) => id);
      void classifier
        .classifyRegions(frame, regions, { tracks })
        .then((outcome) => report({ ...place, detections, outcome }, frame));
    },
    onUnmatched: ({ frame, place }, cause) => {
      const drop = cause === 'closed' ? 'closed' : 'unmatched';
      report({ ...place, outcome: classifier.refuse(frame, drop) }, frame);
    },
    warn,
  });
  const cameras = new RecordedCameras<FrameOfBag>({
    demand: detectorOf.size > 0 ? TAKES_ALL : classifier.pool,
    depth: detectorOf.size > 0 ? BURST_DEPTH : classifier.readerDepth,
    nowNs: time.nowNs,
    take: (item, waitedNs) => {
      if (boxes.hold(item, recordedNs)) return;
      const { frame, place } = item;
      void classifier
        .classify(frame, { keepNv12, waitedNs })
        .then((outcome) => report({ ...place, outcome }, frame));
    },
    replaced: ({ frame, place }) =>
      report({ ...place, outcome: classifier.refuse(frame, 'queue_full') }, frame),
  });
  for await (const item of paceMessages(() => images, { rate, signal, ...time.pacing })) {
    if (signal.aborted || failure !== undefined) break;
    startedNs ??= time.nowNs();
    firstLogNs ??= item.logTimeNs;
    recordedNs = Number(item.logTimeNs - firstLogNs);
    if (rate === 'max' || classifier.options.dropPolicy === 'block') {
      await time.until(classifier.ready({ signal }));
      if (signal.aborted) break;
    }
    boxes.expire(recordedNs);
    if (item.kind === 'detections') {
      const { topic, data } = item;
      boxes.detected(topic, () => parseDetectionsCdr(data, topic), recordedNs);
      continue;
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
  boxes.close();
  await time.until(classifier.drain());
  // The last outcomes resolve in the event-loop turn after the drain.
  await delay(0);
  await calls;
  if (failure !== undefined) throw failure;
  return {
    frames: sequence,
    elapsedNs: startedNs === undefined ? 0 : time.nowNs() - startedNs,
    unmatched: boxes.unmatched(),
  };
}

interface FrameOfBag {
  readonly frame: ImageFrame;
  readonly place: Omit<ReplayedFrame, 'outcome'>;
}

/** The time in which a recording is replayed: real, or that of a virtual clock. `until` waits until a promise is settled. */
function replayTime(
  clock: VirtualClock | undefined,
  { pool }: Pick<Classifier, 'pool'>,
  signal: AbortSignal,
) {
  if (clock === undefined) {
    const until = (settled: Promise<unknown>): Promise<unknown> => settled.catch(() => undefined);
    return { nowNs: monotonicNs, pacing: {}, until };
  }
  const nowNs = (): number => clock.nowNs();
  const wait = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    // Virtual time stands still while a worker that died is replaced.
    for (let workers = pool.workers(); workers.serving === 0; workers = pool.workers()) {
      if (workers.isBroken || signal.aborted) return;
      await delay(REPLACEMENT_LOOK_MS);
    }
  };
  const until = (settled: Promise<unknown>): Promise<unknown> => clock.advanceUntil(settled);
  return { nowNs, pacing: { clock: new PlaybackClock({ nowNs: () => BigInt(nowNs()) }), wait }, until };
}

/** The results of published frames in the format of expectation files. */
export function frameResults(frames: readonly ReplayedFrame[]): FrameResults[] {
  return frames.flatMap(({ outcome, detections }): FrameResults[] => {
    if (outcome.kind === 'dropped') return [];
    const { source: topic, stamp } = outcome.header;
    const place = { topic, stamp: [stamp.sec, stamp.nanosec] as const };
    if (outcome.kind === 'regions') {
      return [{ ...place, results: [], regions: regionResults(outcome.regions, detections) }];
    }
    const { value: results, smoothed } = outcome;
    return [{ ...place, results, ...(smoothed !== undefined && { smoothed }) }];
  });
}

function regionResults(
  regions: readonly RegionResult[],
  detections: DetectionsMessage | undefined,
): RegionResults[] {
  return regions.map((region, index) => {
    const id = detections?.detections[index]?.id ?? '';
    if (region.kind === 'unknown') return { id, unknown: region.cause, results: [] };
    const { leftPx, topPx, widthPx, heightPx } = region.region;
    return { id, box: [leftPx, topPx, widthPx, heightPx], results: region.value };
  });
}
