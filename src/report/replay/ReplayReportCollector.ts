import { FramePicture } from '../../annotate/FramePicture.js';
import type { Classifier, ClassifyOutcome } from '../../classify/Classifier.js';
import type { ClassResult } from '../../classify/ClassResult.js';
import type { ClassifyRegionsOutcome } from '../../classify/RegionResult.js';
import type { SourceChanges } from '../../classify/smoothing/ClassChanges.js';
import type { ImageFrame } from '../../image/ImageFrame.js';
import { nv12ToRgb } from '../../image/nv12ToRgb.js';
import type { PreprocessOptions } from '../../image/PreprocessOptions.js';
import type { DetectionsMessage } from '../../messages/detectionsMessage.js';
import { DROP_CAUSES } from '../../stats/FrameAccounting.js';
import { latencyCurves, PERCENTS } from './latencyCurves.js';
import type { CameraChanges, Fact, FrameColumns, FrameRegionColumns, ReplayReport } from './ReplayReport.js';
import { THUMBNAIL_HEIGHT_PX, THUMBNAIL_WIDTH_PX, ThumbnailStrip } from './ThumbnailStrip.js';

/** One frame of a recording and what became of it, with the network's input if it has results. */
export interface CollectedFrame {
  readonly sequence: number;
  readonly logTimeNs: bigint;
  readonly outcome: ClassifyOutcome | ClassifyRegionsOutcome;
  readonly detections?: DetectionsMessage;
}

/** What a report has of a whole replay. */
export interface ReplayFigures {
  readonly title: string;
  readonly command: string;
  readonly facts: readonly Fact[];
  readonly fps: number;
  /** With smoothing: how often the best class changed, by camera. */
  readonly changes?: ReadonlyMap<string, SourceChanges> | undefined;
  /** With detectors. */
  readonly regionCounts?: readonly (readonly [string, number])[] | undefined;
}

const STAGES = [
  ['queue wait', 'queueWaitNs'],
  ['copy', 'copyNs'],
  ['handover', 'handoverNs'],
  ['decode', 'decodeNs'],
  ['preprocess', 'preprocessNs'],
  ['inference', 'inferenceNs'],
  ['postprocess', 'postprocessNs'],
  ['delivery', 'deliveryNs'],
  ['total', 'totalNs'],
] as const;

/** Distinct texts in the order of first occurrence. */
class Names {
  readonly #indices = new Map<string, number>();

  indexOf(name: string): number {
    const index = this.#indices.get(name) ?? this.#indices.size;
    this.#indices.set(name, index);
    return index;
  }

  list(): string[] {
    return [...this.#indices.keys()];
  }
}

interface CollectedRow {
  readonly sequence: number;
  readonly logTimeNs: bigint;
  readonly camera: number;
  readonly reason: number;
  readonly results: readonly number[];
  readonly timesMs: readonly number[];
  readonly smoothed: readonly number[];
  readonly doubts: readonly number[];
  readonly regions: FrameRegionColumns | null;
}

const NOTHING = { results: [], timesMs: [], smoothed: [], doubts: [], regions: null } as const;

/** Gathers what a replay's report needs while it runs: a few numbers a frame and some thumbnails. */
export class ReplayReportCollector {
  readonly #preprocess: PreprocessOptions;
  readonly #cameras = new Names();
  readonly #labels = new Names();
  readonly #reasons = new Names();
  readonly #doubts = new Names();
  readonly #pictures = new FramePicture();
  readonly #rows: CollectedRow[] = [];
  readonly #thumbnails = new ThumbnailStrip();

  /** @param preprocess how the network's inputs were made. */
  constructor(preprocess: PreprocessOptions) {
    this.#preprocess = preprocess;
  }

  /** @param image of the frame, to show one whose regions were classified. */
  async add({ sequence, logTimeNs, outcome, detections }: CollectedFrame, image?: ImageFrame): Promise<void> {
    const { source } = outcome.header;
    const row = { sequence, logTimeNs, camera: this.#cameras.indexOf(source), reason: -1, ...NOTHING };
    if (outcome.kind === 'dropped') {
      const reason =
        outcome.error === undefined ? outcome.cause : `${outcome.cause}: ${outcome.error.message}`;
      this.#rows.push({ ...row, reason: this.#reasons.indexOf(reason) });
      return;
    }
    const { timings, widthPx, heightPx } = outcome;
    const timesMs = STAGES.map(([, stage]) => rounded(timings[stage] / 1e6, 3));
    if (outcome.kind === 'regions') {
      this.#rows.push({ ...row, timesMs, regions: this.#regions(outcome, detections) });
      if (image === undefined) return;
      await this.#thumbnails.add(source, sequence, () => ({
        picture: this.#pictures.of(image, THUMBNAIL_WIDTH_PX, THUMBNAIL_HEIGHT_PX),
        aspect: widthPx / heightPx || 1,
      }));
      return;
    }
    const { value, nv12, smoothed = [], unknownCauses = [], picture } = outcome;
    this.#rows.push({
      ...row,
      results: this.#pairs(value),
      timesMs,
      smoothed: this.#pairs(smoothed),
      doubts: [...new Set([...unknownCauses, ...(picture?.problems ?? [])])].map((doubt) =>
        this.#doubts.indexOf(doubt),
      ),
    });
    if (nv12 === undefined) return;
    const { widthPx: inputWidthPx, heightPx: inputHeightPx, range, resizeMode } = this.#preprocess;
    await this.#thumbnails.add(source, sequence, () => ({
      picture: {
        rgb: nv12ToRgb(nv12, inputWidthPx, inputHeightPx, range),
        widthPx: inputWidthPx,
        heightPx: inputHeightPx,
      },
      aspect: (resizeMode === 'stretch' ? widthPx / heightPx : inputWidthPx / inputHeightPx) || 1,
    }));
  }

  /** @param classifier that the frames went through. */
  async report(
    classifier: Pick<Classifier, 'counts' | 'info'>,
    { changes, regionCounts, ...about }: ReplayFigures,
  ): Promise<ReplayReport> {
    const counts = classifier.counts();
    const frames = this.#columns(changes !== undefined, regionCounts !== undefined);
    const stages = STAGES.map(([name]) => name);
    return {
      ...about,
      isSimulated: classifier.info.isSimulated,
      received: counts.received,
      published: counts.published,
      dropped: DROP_CAUSES.filter((cause) => counts.dropped[cause] > 0).map(
        (cause) => [cause, counts.dropped[cause]] as const,
      ),
      cameras: this.#cameras.list(),
      labels: this.#labels.list(),
      reasons: this.#reasons.list(),
      doubts: this.#doubts.list(),
      stages,
      frames,
      percents: PERCENTS,
      curves: latencyCurves(stages, frames.timesMs),
      thumbnails: await this.#thumbnails.sheets(),
      ...(changes !== undefined && { changes: cameraChanges(changes) }),
      ...(regionCounts !== undefined && { regionCounts }),
    };
  }

  /** Pairs of an index into the labels and a score. */
  #pairs(results: readonly ClassResult[]): number[] {
    return results.flatMap(({ label, score }) => [this.#labels.indexOf(label), rounded(score, 4)]);
  }

  #regions(
    { regions, widthPx, heightPx }: Extract<ClassifyRegionsOutcome, { kind: 'regions' }>,
    detections: DetectionsMessage | undefined,
  ): FrameRegionColumns {
    return {
      widthPx,
      heightPx,
      ids: regions.map((_, index) => detections?.detections[index]?.id ?? ''),
      boxes: regions.map((region) => {
        if (region.kind === 'unknown') return null;
        const { leftPx, topPx, widthPx: boxWidthPx, heightPx: boxHeightPx } = region.region;
        return [leftPx, topPx, boxWidthPx, boxHeightPx];
      }),
      unknown: regions.map((region) => (region.kind === 'unknown' ? this.#doubts.indexOf(region.cause) : -1)),
      results: regions.map((region) => (region.kind === 'classified' ? this.#pairs(region.value) : [])),
    };
  }

  /** In the recording's order: outcomes of several cameras come in another one each time. */
  #columns(isSmoothed: boolean, hasRegions: boolean): FrameColumns {
    const rows = [...this.#rows].sort((a, b) => a.sequence - b.sequence);
    const startNs = rows.reduce<bigint | undefined>(
      (first, { logTimeNs }) => (first === undefined || logTimeNs < first ? logTimeNs : first),
      undefined,
    );
    return {
      sequence: rows.map(({ sequence }) => sequence),
      camera: rows.map(({ camera }) => camera),
      timeS: rows.map(({ logTimeNs }) => rounded(Number(logTimeNs - (startNs ?? 0n)) / 1e9, 4)),
      reason: rows.map(({ reason }) => reason),
      results: rows.map(({ results }) => results),
      timesMs: rows.map(({ timesMs }) => timesMs),
      ...(isSmoothed && { smoothed: rows.map(({ smoothed }) => smoothed) }),
      ...(rows.some(({ doubts }) => doubts.length > 0) && { doubts: rows.map(({ doubts }) => doubts) }),
      ...(hasRegions && { regions: rows.map(({ regions }) => regions) }),
    };
  }
}

function cameraChanges(changes: ReadonlyMap<string, SourceChanges>): CameraChanges[] {
  return [...changes].map(([camera, { raw, smoothed }]) => ({
    camera,
    raw: raw.changes,
    rawPerMinute: rounded(raw.perMinute, 1),
    smoothed: smoothed.changes,
    smoothedPerMinute: rounded(smoothed.perMinute, 1),
  }));
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
