import type { ClassResult } from '../classify/ClassResult.js';
import type { ClassifyRegionsOutcome, RegionResult } from '../classify/RegionResult.js';
import type { BackendName } from '../inference/InferenceBackend.js';
import type { FrameOutcome } from '../pool/FrameOutcome.js';
import { headerMessage } from './headerMessage.js';

/** effvit/msg/FrameReport; the comments are in the .msg file. 64-bit integers are bigint, as in rclnodejs. */
export type FrameReportMessage = ReturnType<typeof frameReportMessage>;

/** Fields of a report beside the frame's outcome. */
export interface FrameReportContext {
  /** Counts the frames of the source from 0, dropped ones included. */
  readonly sequence: number;
  readonly backend: BackendName;
  readonly isSimulated: boolean;
  /** Of a frame with regions: the ids of the detections, in their order. */
  readonly regionIds?: readonly string[] | undefined;
}

/** The report of a frame with any outcome. */
export function frameReportMessage(
  outcome: FrameOutcome<readonly ClassResult[]> | ClassifyRegionsOutcome,
  { sequence, backend, isSimulated, regionIds }: FrameReportContext,
) {
  const { header } = outcome;
  const drop = outcome.kind === 'dropped' ? outcome : undefined;
  const result = outcome.kind === 'dropped' ? undefined : outcome;
  const whole = outcome.kind === 'result' ? outcome : undefined;
  const regions = outcome.kind === 'regions' ? outcome.regions : [];
  const picture = whole?.picture;
  const timings = result?.timings;
  return {
    header: headerMessage(header),
    source: header.source,
    sequence: BigInt(sequence),
    drop_cause: drop?.cause ?? '',
    drop_reason: drop?.error?.message ?? '',
    results: resultMessages(whole?.value),
    smoothed_results: resultMessages(whole?.smoothed),
    regions: regions.map((region, index) => regionResult(region, regionIds?.[index] ?? '')),
    unknown_causes: whole?.unknownCauses ?? [],
    known_score: whole?.knownScore ?? Number.NaN,
    has_picture_figures: picture !== undefined,
    brightness: picture?.figures.brightness ?? 0,
    contrast: picture?.figures.contrast ?? 0,
    sharpness: picture?.figures.sharpness ?? 0,
    flat_share: picture?.figures.flatShare ?? 0,
    unchanged_ns: wholeNs(picture?.unchangedNs),
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
    backend: backend as string,
    is_simulated: isSimulated,
    queue_wait_ns: wholeNs(timings?.queueWaitNs),
    copy_ns: wholeNs(timings?.copyNs),
    handover_ns: wholeNs(timings?.handoverNs),
    decode_ns: wholeNs(timings?.decodeNs),
    preprocess_ns: wholeNs(timings?.preprocessNs),
    batch_wait_ns: wholeNs(timings?.batchWaitNs),
    inference_ns: wholeNs(timings?.inferenceNs),
    postprocess_ns: wholeNs(timings?.postprocessNs),
    delivery_ns: wholeNs(timings?.deliveryNs),
    total_ns: wholeNs(timings?.totalNs),
    has_delay: timings?.delayNs !== undefined,
    delay_ns: BigInt(Math.round(timings?.delayNs ?? 0)),
  };
}

/** effvit/msg/ClassResult[] */
function resultMessages(results: readonly ClassResult[] = []) {
  return results.map(({ index, label, score }) => ({ class_index: index, label, score }));
}

/** effvit/msg/RegionResult */
function regionResult(region: RegionResult, id: string) {
  const unknown = region.kind === 'unknown' ? region : undefined;
  const classified = region.kind === 'classified' ? region : undefined;
  const place = classified?.region;
  return {
    id,
    unknown_cause: unknown?.cause ?? '',
    unknown_reason: unknown?.error?.message ?? '',
    left_px: place?.leftPx ?? 0,
    top_px: place?.topPx ?? 0,
    width_px: place?.widthPx ?? 0,
    height_px: place?.heightPx ?? 0,
    results: resultMessages(classified?.value),
    smoothed_results: resultMessages(region.smoothed),
  };
}

/** A uint64 field: two clocks that disagree by a few nanoseconds must not make a span negative. */
export function wholeNs(spanNs = 0): bigint {
  return BigInt(Math.max(0, Math.round(spanNs)));
}
