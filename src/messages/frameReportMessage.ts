import type { ClassResult } from '../classify/ClassResult.js';
import type { ClassifyRegionsOutcome, RegionResult } from '../classify/RegionResult.js';
import type { BackendName } from '../inference/InferenceBackend.js';
import type { FrameOutcome, FrameTimings } from '../pool/FrameOutcome.js';
import { type HeaderMessage, headerMessage } from './headerMessage.js';

/** effvit/msg/ClassResult */
export interface ClassResultMessage {
  readonly class_index: number;
  readonly label: string;
  readonly score: number;
}

/** effvit/msg/RegionResult; the comments are in the .msg file. */
export interface RegionResultMessage {
  readonly id: string;
  readonly unknown_cause: string;
  readonly unknown_reason: string;
  readonly left_px: number;
  readonly top_px: number;
  readonly width_px: number;
  readonly height_px: number;
  readonly results: readonly ClassResultMessage[];
  readonly smoothed_results: readonly ClassResultMessage[];
}

/** effvit/msg/FrameReport; the comments are in the .msg file. 64-bit integers are bigint, as in rclnodejs. */
export interface FrameReportMessage {
  readonly header: HeaderMessage;
  readonly source: string;
  readonly sequence: bigint;
  readonly drop_cause: string;
  readonly drop_reason: string;
  readonly results: readonly ClassResultMessage[];
  readonly smoothed_results: readonly ClassResultMessage[];
  readonly regions: readonly RegionResultMessage[];
  readonly unknown_causes: readonly string[];
  readonly known_score: number;
  readonly has_picture_figures: boolean;
  readonly brightness: number;
  readonly contrast: number;
  readonly sharpness: number;
  readonly flat_share: number;
  readonly unchanged_ns: bigint;
  readonly picture_problems: readonly string[];
  readonly width_px: number;
  readonly height_px: number;
  readonly region_left_px: number;
  readonly region_top_px: number;
  readonly region_width_px: number;
  readonly region_height_px: number;
  readonly worker_id: number;
  readonly generation: number;
  readonly batch_size: number;
  readonly backend: string;
  readonly is_simulated: boolean;
  readonly queue_wait_ns: bigint;
  readonly copy_ns: bigint;
  readonly handover_ns: bigint;
  readonly decode_ns: bigint;
  readonly preprocess_ns: bigint;
  readonly batch_wait_ns: bigint;
  readonly inference_ns: bigint;
  readonly postprocess_ns: bigint;
  readonly delivery_ns: bigint;
  readonly total_ns: bigint;
  readonly has_delay: boolean;
  readonly delay_ns: bigint;
}

/** Fields of a report beside the frame's outcome. */
export interface FrameReportContext {
  /** Counts the frames of the source from 0, dropped ones included. */
  readonly sequence: number;
  readonly backend: BackendName;
  readonly isSimulated: boolean;
  /** Of a frame with regions: the ids of the detections, in their order. */
  readonly regionIds?: readonly string[];
}

const NO_TIMINGS: FrameTimings = {
  queueWaitNs: 0,
  copyNs: 0,
  handoverNs: 0,
  decodeNs: 0,
  preprocessNs: 0,
  batchWaitNs: 0,
  inferenceNs: 0,
  postprocessNs: 0,
  deliveryNs: 0,
  totalNs: 0,
};

/** The report of a frame with any outcome. */
export function frameReportMessage(
  outcome: FrameOutcome<readonly ClassResult[]> | ClassifyRegionsOutcome,
  context: FrameReportContext,
): FrameReportMessage {
  const { header } = outcome;
  const result = outcome.kind === 'dropped' ? undefined : outcome;
  const whole = outcome.kind === 'result' ? outcome : undefined;
  const regions = outcome.kind === 'regions' ? outcome.regions : [];
  const drop = outcome.kind === 'dropped' ? outcome : undefined;
  const timings = result?.timings ?? NO_TIMINGS;
  const picture = whole?.picture;
  return {
    header: headerMessage(header),
    source: header.source,
    sequence: BigInt(context.sequence),
    drop_cause: drop?.cause ?? '',
    drop_reason: drop?.error?.message ?? '',
    results: resultMessages(whole?.value),
    smoothed_results: resultMessages(whole?.smoothed),
    regions: regions.map((region, index) => regionResult(region, context.regionIds?.[index] ?? '')),
    unknown_causes: whole?.unknownCauses ?? [],
    known_score: whole?.knownScore ?? Number.NaN,
    has_picture_figures: picture !== undefined,
    brightness: picture?.figures.brightness ?? 0,
    contrast: picture?.figures.contrast ?? 0,
    sharpness: picture?.figures.sharpness ?? 0,
    flat_share: picture?.figures.flatShare ?? 0,
    unchanged_ns: spanNs(picture?.unchangedNs ?? 0),
    picture_problems: picture?.problems ?? [],
    width_px: result?.widthPx ?? 0,
    height_px: result?.heightPx ?? 0,
    region_left_px: result?.region?.leftPx ?? 0,
    region_top_px: result?.region?.topPx ?? 0,
    region_width_px: result?.region?.widthPx ?? result?.widthPx ?? 0,
    region_height_px: result?.region?.heightPx ?? result?.heightPx ?? 0,
    worker_id: result?.workerId ?? -1,
    generation: result?.generation ?? 0,
    batch_size: result?.batchSize ?? 0,
    backend: context.backend,
    is_simulated: context.isSimulated,
    queue_wait_ns: spanNs(timings.queueWaitNs),
    copy_ns: spanNs(timings.copyNs),
    handover_ns: spanNs(timings.handoverNs),
    decode_ns: spanNs(timings.decodeNs),
    preprocess_ns: spanNs(timings.preprocessNs),
    batch_wait_ns: spanNs(timings.batchWaitNs),
    inference_ns: spanNs(timings.inferenceNs),
    postprocess_ns: spanNs(timings.postprocessNs),
    delivery_ns: spanNs(timings.deliveryNs),
    total_ns: spanNs(timings.totalNs),
    has_delay: timings.delayNs !== undefined,
    delay_ns: BigInt(Math.round(timings.delayNs ?? 0)),
  };
}

function resultMessages(results: readonly ClassResult[] = []): ClassResultMessage[] {
  return results.map(({ index, label, score }) => ({ class_index: index, label, score }));
}

function regionResult(region: RegionResult, id: string): RegionResultMessage {
  const unknown = region.kind === 'unknown' ? region : undefined;
  const place = region.kind === 'classified' ? region.region : undefined;
  return {
    id,
    unknown_cause: unknown?.cause ?? '',
    unknown_reason: unknown?.error?.message ?? '',
    left_px: place?.leftPx ?? 0,
    top_px: place?.topPx ?? 0,
    width_px: place?.widthPx ?? 0,
    height_px: place?.heightPx ?? 0,
    results: region.kind === 'classified' ? resultMessages(region.value) : [],
    smoothed_results: resultMessages(region.smoothed),
  };
}

/** A uint64 field: two clocks that disagree by a few nanoseconds must not make a span negative. */
function spanNs(valueNs: number): bigint {
  return BigInt(Math.max(0, Math.round(valueNs)));
}
