import type { FrameReportMessage } from '../messages/frameReportMessage.js';

const NS_PER_MS = 1e6;

/** The stages of a frame in the order of the page. */
const STAGES = [
  'queue_wait',
  'copy',
  'handover',
  'decode',
  'preprocess',
  'batch_wait',
  'inference',
  'postprocess',
  'delivery',
] as const;

/** A region of a frame, in its pixels; all 0 if there is none. */
export interface LiveRegion {
  readonly id: string;
  /** The best class, or why there is none. */
  readonly label: string;
  readonly score: number;
  readonly leftPx: number;
  readonly topPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A classified frame in the format of the live page. */
export interface LiveFrame {
  readonly camera: string;
  readonly frameId: string;
  /** Seconds of the header's stamp, as text. */
  readonly stamp: string;
  readonly sequence: number;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Best first. */
  readonly results: readonly { readonly label: string; readonly score: number }[];
  /** Parts of the frame that a detector found; empty if the whole frame is classified. */
  readonly regions: readonly LiveRegion[];
  readonly stages: readonly { readonly name: string; readonly ms: number }[];
  readonly totalMs: number;
  /** The number of its picture at /picture; absent if there is none. */
  readonly picture?: number;
}

/** @param report of a classified frame. */
export function liveFrame(report: FrameReportMessage, picture?: number): LiveFrame {
  const { stamp, frame_id } = report.header;
  const ms = (valueNs: bigint | number): number => Number(valueNs) / NS_PER_MS;
  return {
    camera: report.source,
    frameId: frame_id,
    stamp: `${stamp.sec}.${String(stamp.nanosec).padStart(9, '0')}`,
    sequence: Number(report.sequence),
    widthPx: report.width_px,
    heightPx: report.height_px,
    results: report.results.map(({ label, score }) => ({ label, score })),
    regions: report.regions.map((region) => ({
      id: region.id,
      label: region.results[0]?.label ?? (region.unknown_cause || 'none above the threshold'),
      score: region.results[0]?.score ?? 0,
      leftPx: region.left_px,
      topPx: region.top_px,
      widthPx: region.width_px,
      heightPx: region.height_px,
    })),
    stages: STAGES.map((name) => ({ name, ms: ms(report[`${name}_ns`]) })),
    totalMs: ms(report.total_ns),
    ...(picture !== undefined && { picture }),
  };
}
