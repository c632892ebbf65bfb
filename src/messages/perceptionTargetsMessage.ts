import type { ClassResult } from '../classify/ClassResult.js';
import { type RegionResult, type ResultChoice, regionClasses } from '../classify/RegionResult.js';
import { type Stamp, stampFromNs, stampToNs } from '../core/Stamp.js';
import type { PictureRegion, RegionBox } from '../image/PictureRegion.js';
import type { FrameResult } from '../pool/FrameOutcome.js';
import type { RegionsResult } from '../pool/RegionOutcome.js';
import { NS_PER_MS } from '../stats/monotonicNs.js';
import { UNKNOWN_CLASS } from './classifiedDetectionsMessage.js';
import { type DetectionsMessage, regionBoxOf } from './detectionsMessage.js';
import { wholeNs } from './frameReportMessage.js';
import { headerMessage } from './headerMessage.js';

/** ai_msgs/msg/PerceptionTargets: what the nodes of TROS publish, and its web page, fusion and recorders read. */
export type PerceptionTargetsMessage = ReturnType<typeof targetsMessage>;

/** Fields of the message beside the frame's result. */
export interface PerceptionContext {
  readonly modelName: string;
  /** Results a second. */
  readonly framesPerSecond: number;
  /** CLOCK_REALTIME, now that the result is delivered. */
  readonly nowNs: bigint;
}

const LARGEST_INT16 = 2 ** 15 - 1;
const LARGEST_UINT32 = 2 ** 32 - 1;
/** A stamp further from the current time is from another clock and is not used for latencies. */
const LONGEST_PIPELINE_NS = 60_000_000_000n;

/**
 * A result as TROS has them: a target a class, the best first, with the stamp of its image.
 *
 * @param seen what the network saw of the picture.
 */
export function perceptionTargetsMessage(
  result: FrameResult<readonly ClassResult[]>,
  seen: PictureRegion,
  context: PerceptionContext,
): PerceptionTargetsMessage {
  return targetsMessage(
    result,
    result.value.map((classResult) => target(classResult, 0n, seen)),
    context,
  );
}

/** The frame's regions as TROS has objects: a target a box, with the detection's number as its track. */
export function perceptionRegionsMessage(
  result: RegionsResult<readonly ClassResult[]>,
  { detections }: DetectionsMessage,
  results: ResultChoice,
  context: PerceptionContext,
): PerceptionTargetsMessage {
  const targets = detections.map(({ id, bbox }, index) => {
    const region: RegionResult | undefined = result.regions[index];
    const [best] = (region && regionClasses(region, results)) ?? [];
    const place = region?.kind === 'classified' ? region.region : regionBoxOf(bbox);
    return target(best, trackId(id), place);
  });
  return targetsMessage(result, targets, context);
}

function targetsMessage(
  result: Pick<FrameResult<unknown>, 'header' | 'timings'>,
  targets: readonly ReturnType<typeof target>[],
  context: PerceptionContext,
) {
  return {
    header: headerMessage(result.header),
    fps: Math.min(LARGEST_INT16, Math.round(context.framesPerSecond)),
    perfs: perfs(result, context),
    targets,
    disappeared_targets: [],
  };
}

/** ai_msgs/msg/Target, without the fields that a classifier does not fill; undefined: UNKNOWN. */
function target(result: ClassResult | undefined, track_id: bigint, place: RegionBox) {
  const confidence = result?.score ?? 0;
  return {
    type: result?.label ?? UNKNOWN_CLASS,
    track_id,
    // Its type is empty: the web page then shows the target's, where a region of its own would stand in its place.
    rois: [{ type: '', rect: rectOf(place), confidence }],
    attributes:
      result === undefined
        ? []
        : [
            { type: 'score', value: confidence, confidence },
            { type: 'class_index', value: result.index, confidence },
          ],
    points: [],
    captures: [],
  };
}

/** Tracks are numbers there; an id that is none has no track. */
function trackId(id: string): bigint {
  return /^\d{1,19}$/.test(id) ? BigInt(id) : 0n;
}

/** As far as unsigned pixels can express it. */
function rectOf({ leftPx, topPx, widthPx, heightPx }: RegionBox) {
  const pixels = (value: number): number =>
    Number.isFinite(value) ? Math.min(Math.max(Math.round(value), 0), LARGEST_UINT32) : 0;
  return {
    x_offset: pixels(leftPx),
    y_offset: pixels(topPx),
    height: pixels(heightPx),
    width: pixels(widthPx),
    do_rectify: false,
  };
}

/** The steps under the names and in the order of hobot_dnn, one after another up to now. */
function perfs(
  { header, timings }: Pick<FrameResult<unknown>, 'header' | 'timings'>,
  { modelName, nowNs }: PerceptionContext,
) {
  const steps = [
    ['preprocess', wholeNs(timings.decodeNs + timings.preprocessNs)],
    ['predict_infer', wholeNs(timings.inferenceNs)],
    ['predict_parse', wholeNs(timings.postprocessNs)],
    ['postprocess', wholeNs(timings.deliveryNs)],
  ] as const;
  let beginNs = nowNs - steps.reduce((sum, [, spanNs]) => sum + spanNs, 0n);
  const messages = steps.map(([name, spanNs]) => {
    const startNs = beginNs;
    beginNs += spanNs;
    return perfMessage(`${modelName}_${name}`, startNs, beginNs);
  });
  const startNs = pipelineStartNs(header.stamp, timings.totalNs, nowNs);
  return [...messages, perfMessage(`${modelName}_pipeline`, startNs, nowNs)];
}

/** The stamp of the image, or the time of its admission if there is no stamp or it is from another clock. */
function pipelineStartNs(stamp: Stamp, totalNs: number, nowNs: bigint): bigint {
  const stampNs = stampToNs(stamp);
  const ageNs = nowNs - stampNs;
  return ageNs >= 0n && ageNs < LONGEST_PIPELINE_NS ? stampNs : nowNs - wholeNs(totalNs);
}

/** ai_msgs/msg/Perf */
function perfMessage(type: string, startNs: bigint, endedNs: bigint) {
  return {
    type,
    stamp_start: stampFromNs(startNs),
    stamp_end: stampFromNs(endedNs),
    time_ms_duration: Number(endedNs - startNs) / NS_PER_MS,
  };
}
