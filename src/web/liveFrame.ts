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

/** A class with its score. */
export interface LiveClass {
  readonly label: string;
  readonly score: number;
}

/** A part of a frame, in its pixels; all 0 if there is none. */
interface LivePlace {
  readonly leftPx: number;
  readonly topPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A region of a frame: its best class, or why there is none. */
export interface LiveRegion extends LiveClass, LivePlace {
  readonly id: string;
  /** The class of its track; absent without smoothing, and without a track. */
  readonly smoothed?: LiveClass;
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
  readonly results: readonly LiveClass[];
  /** The results smoothed over time, the held class first; empty without smoothing. */
  readonly smoothed: readonly LiveClass[];
  /** The part of the frame that is classified; absent if all of it is. */
  readonly roi?: LivePlace;
  /** Parts of the frame that a detector found; empty if the whole frame is classified. */
  readonly regions: readonly LiveRegion[];
  readonly stages: readonly { readonly name: string; readonly ms: number }[];
  readonly totalMs: number;
  /** The number of its picture at /picture; absent if there is none. */
  readonly picture?: number;
}

/** @param report of a classified frame. @param picture the number of its picture. */
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
    results: report.results.map(shownClass),
    smoothed: report.smoothed_results.map(shownClass),
    ...roiOf(report),
    regions: report.regions.map((region) => ({
      id: region.id,
      label: region.results[0]?.label ?? (region.unknown_cause || 'none above the threshold'),
      score: region.results[0]?.score ?? 0,
      leftPx: region.left_px,
      topPx: region.top_px,
      widthPx: region.width_px,
      heightPx: region.height_px,
      ...smoothedClass(region.smoothed_results[0]),
    })),
    stages: STAGES.map((name) => ({ name, ms: ms(report[`${name}_ns`]) })),
    totalMs: ms(report.total_ns),
    ...(picture !== undefined && { picture }),
  };
}

const shownClass = ({ label, score }: LiveClass): LiveClass => ({ label, score });

function smoothedClass(best: LiveClass | undefined): { readonly smoothed?: LiveClass } {
  return best === undefined ? {} : { smoothed: shownClass(best) };
}

function roiOf(report: FrameReportMessage): { readonly roi?: LivePlace } {
  const { region_left_px: leftPx, region_top_px: topPx } = report;
  const { region_width_px: widthPx, region_height_px: heightPx } = report;
  const isWhole = widthPx === report.width_px && heightPx === report.height_px;
  return isWhole ? {} : { roi: { leftPx, topPx, widthPx, heightPx } };
}
