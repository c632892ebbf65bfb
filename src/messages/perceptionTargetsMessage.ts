import type { ClassResult } from '../classify/ClassResult.js';
import { type RegionResult, type ResultChoice, regionClasses } from '../classify/RegionResult.js';
import { type Stamp, stampFromNs, stampToNs } from '../core/Stamp.js';
import type { PictureRegion, RegionBox } from '../image/PictureRegion.js';
import type { FrameResult } from '../pool/FrameOutcome.js';
import type { RegionsResult } from '../pool/RegionOutcome.js';
import { UNKNOWN_CLASS } from './classifiedDetectionsMessage.js';
import { type DetectionsMessage, regionBoxOf } from './detectionsMessage.js';
import { type HeaderMessage, headerMessage, type TimeMessage } from './headerMessage.js';

/** ai_msgs/msg/Perf */
interface PerfMessage {
  readonly type: string;
  readonly stamp_start: TimeMessage;
  readonly stamp_end: TimeMessage;
  readonly time_ms_duration: number;
}

/** ai_msgs/msg/Attribute */
interface AttributeMessage {
  readonly type: string;
  readonly value: number;
  readonly confidence: number;
}

/** ai_msgs/msg/Roi */
interface RoiMessage {
  readonly type: string;
  readonly rect: {
    readonly x_offset: number;
    readonly y_offset: number;
    readonly height: number;
    readonly width: number;
    readonly do_rectify: boolean;
  };
  readonly confidence: number;
}

/** ai_msgs/msg/Target, without the fields that a classifier does not fill. */
interface TargetMessage {
  readonly type: string;
  readonly track_id: bigint;
  readonly rois: readonly RoiMessage[];
  readonly attributes: readonly AttributeMessage[];
  readonly points: readonly never[];
  readonly captures: readonly never[];
}

/** ai_msgs/msg/PerceptionTargets: what the nodes of TROS publish, and its web page, fusion and recorders read. */
export interface PerceptionTargetsMessage {
  readonly header: HeaderMessage;
  readonly fps: number;
  readonly perfs: readonly PerfMessage[];
  readonly targets: readonly TargetMessage[];
  readonly disappeared_targets: readonly never[];
}

/** Fields of the message beside the frame's result. */
export interface PerceptionContext {
  readonly modelName: string;
  /** Results a second. */
  readonly framesPerSecond: number;
  /** Of the picture, what the network saw. */
  readonly region: PictureRegion;
  /** CLOCK_REALTIME, now that the result is delivered. */
  readonly nowNs: bigint;
}

const NS_PER_MS = 1e6;
const LARGEST_INT16 = 2 ** 15 - 1;
const LARGEST_UINT32 = 2 ** 32 - 1;
/** A stamp further from the current time is from another clock and is not used for latencies. */
const LONGEST_PIPELINE_NS = 60_000_000_000n;

/** A result as TROS has them: a target a class, the best first, with the stamp of its image. */
export function perceptionTargetsMessage(
  result: FrameResult<readonly ClassResult[]>,
  context: PerceptionContext,
): PerceptionTargetsMessage {
  const rect = rectOf(context.region);
  return {
    header: headerMessage(result.header),
    fps: Math.min(LARGEST_INT16, Math.round(context.framesPerSecond)),
    perfs: perfs(result, context),
    targets: result.value.map(({ index, label, score }) => ({
      type: label,
      track_id: 0n,
      // Its type is empty: the web page then shows the target's, where a region of its own would stand in its place.
      rois: [{ type: '', rect, confidence: score }],
      attributes: [
        { type: 'score', value: score, confidence: score },
        { type: 'class_index', value: index, confidence: score },
      ],
      points: [],
      captures: [],
    })),
    disappeared_targets: [],
  };
}

/** The frame's regions as TROS has objects: a target a box, with the detection's number as its track. */
export function perceptionRegionsMessage(
  result: RegionsResult<readonly ClassResult[]>,
  { detections }: DetectionsMessage,
  context: Omit<PerceptionContext, 'region'> & { readonly results: ResultChoice },
): PerceptionTargetsMessage {
  return {
    header: headerMessage(result.header),
    fps: Math.min(LARGEST_INT16, Math.round(context.framesPerSecond)),
    perfs: perfs(result, context),
    targets: detections.map(({ id, bbox }, index) =>
      regionTarget(result.regions[index], context.results, trackId(id), rectOf(regionBoxOf(bbox))),
    ),
    disappeared_targets: [],
  };
}

function regionTarget(
  region: RegionResult | undefined,
  results: ResultChoice,
  track_id: bigint,
  box: RoiMessage['rect'],
): TargetMessage {
  const [best] = (region && regionClasses(region, results)) ?? [];
  const rect = region?.kind === 'classified' ? rectOf(region.region) : box;
  const score = best?.score ?? 0;
  return {
    type: best?.label ?? UNKNOWN_CLASS,
    track_id,
    rois: [{ type: '', rect, confidence: score }],
    attributes:
      best === undefined
        ? []
        : [
            { type: 'score', value: score, confidence: score },
            { type: 'class_index', value: best.index, confidence: score },
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
function rectOf({ leftPx, topPx, widthPx, heightPx }: RegionBox): RoiMessage['rect'] {
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
  { modelName, nowNs }: Pick<PerceptionContext, 'modelName' | 'nowNs'>,
): PerfMessage[] {
  const steps = [
    ['preprocess', timings.decodeNs + timings.preprocessNs],
    ['predict_infer', timings.inferenceNs],
    ['predict_parse', timings.postprocessNs],
    ['postprocess', timings.deliveryNs],
  ] as const;
  let beginNs = nowNs - steps.reduce((sum, [, spanNs]) => sum + wholeNs(spanNs), 0n);
  const messages = steps.map(([name, spanNs]) => {
    const perf = perfMessage(`${modelName}_${name}`, beginNs, beginNs + wholeNs(spanNs));
    beginNs += wholeNs(spanNs);
    return perf;
  });
  return [
    ...messages,
    perfMessage(`${modelName}_pipeline`, pipelineStartNs(header.stamp, timings.totalNs, nowNs), nowNs),
  ];
}

/** The stamp of the image, or the time of its admission if there is no stamp or it is from another clock. */
function pipelineStartNs(stamp: Stamp, totalNs: number, nowNs: bigint): bigint {
  const stampNs = stampToNs(stamp);
  const ageNs = nowNs - stampNs;
  return ageNs >= 0n && ageNs < LONGEST_PIPELINE_NS ? stampNs : nowNs - wholeNs(totalNs);
}

function perfMessage(type: string, startNs: bigint, endedNs: bigint): PerfMessage {
  return {
    type,
    stamp_start: stampFromNs(startNs),
    stamp_end: stampFromNs(endedNs),
    time_ms_duration: Number(endedNs - startNs) / NS_PER_MS,
  };
}

/** Two clocks that disagree by a few nanoseconds must not make a span negative. */
function wholeNs(spanNs: number): bigint {
  return BigInt(Math.max(0, Math.round(spanNs)));
}
