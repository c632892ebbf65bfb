import { FramePicture } from '../../annotate/FramePicture.js';
import type { ClassifyOutcome } from '../../classify/Classifier.js';
import type { ClassResult } from '../../classify/ClassResult.js';
import type { ClassifyRegionsOutcome } from '../../classify/RegionResult.js';
import type { SourceChanges } from '../../classify/smoothing/ClassChanges.js';
import type { ImageFrame } from '../../image/ImageFrame.js';
import { nv12ToRgb } from '../../image/nv12ToRgb.js';
import type { PreprocessOptions } from '../../image/PreprocessOptions.js';
import type { LoadedModelInfo } from '../../inference/InferenceBackend.js';
import type { DetectionsMessage } from '../../messages/detectionsMessage.js';
import { DROP_CAUSES, type FrameCounts } from '../../stats/FrameAccounting.js';
import { latencyCurves, PERCENTS } from './latencyCurves.js';
import type { FrameColumns, FrameRegionColumns, ReplayReport } from './ReplayReport.js';
import { CELLS, ThumbnailStrip } from './ThumbnailStrip.js';

/** One frame of a recording and what became of it, with the network's input if it has results. */
export interface CollectedFrame {
  readonly sequence: number;
  readonly logTimeNs: bigint;
  readonly outcome: ClassifyOutcome | ClassifyRegionsOutcome;
  readonly detections?: DetectionsMessage;
}

/** What a report has of a whole replay. */
export interface ReplayFigures
  extends Pick<ReplayReport, 'title' | 'command' | 'facts' | 'fps' | 'regionCounts'> {
  /** With smoothing: how often the best class changed, by camera. */
  readonly changes?: ReadonlyMap<string, SourceChanges> | undefined;
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

/** One frame's part of each column. */
type Row = {
  readonly [Name in Exclude<keyof FrameColumns, 'timeS'>]: NonNullable<FrameColumns[Name]>[number];
} & { readonly logTimeNs: bigint };

const NOTHING = { reason: -1, results: [], timesMs: [], smoothed: [], doubts: [], regions: null };

/** Gathers what a replay's report needs while it runs: a few numbers a frame and some thumbnails. */
export class ReplayReportCollector {
  readonly #preprocess: PreprocessOptions;
  readonly #cameras = new Names();
  readonly #labels = new Names();
  readonly #reasons = new Names();
  readonly #doubts = new Names();
  readonly #pictures = new FramePicture();
  readonly #rows: Row[] = [];
  readonly #thumbnails = new ThumbnailStrip();

  /** @param preprocess how the network's inputs were made. */
  constructor(preprocess: PreprocessOptions) {
    this.#preprocess = preprocess;
  }

  /** @param image of the frame, to show one whose regions were classified. */
  async add({ sequence, logTimeNs, outcome, detections }: CollectedFrame, image?: ImageFrame): Promise<void> {
    const { source } = outcome.header;
    const row = { ...NOTHING, sequence, logTimeNs, camera: this.#cameras.indexOf(source) };
    if (outcome.kind === 'dropped') {
      const { cause, error } = outcome;
      const reason = error === undefined ? cause : `${cause}: ${error.message}`;
      this.#rows.push({ ...row, reason: this.#reasons.indexOf(reason) });
      return;
    }
    const timesMs = STAGES.map(([, stage]) => rounded(outcome.timings[stage] / 1e6, 3));
    const aspect = outcome.widthPx / outcome.heightPx || 1;
    if (outcome.kind === 'regions') {
      this.#rows.push({ ...row, timesMs, regions: this.#regions(outcome, detections) });
      if (image === undefined) return;
      await this.#thumbnails.add(source, sequence, () => ({
        picture: this.#pictures.of(image, CELLS.widthPx, CELLS.heightPx),
        aspect,
      }));
      return;
    }
    const { value, nv12, smoothed = [], unknownCauses = [], picture } = outcome;
    const doubts = new Set([...unknownCauses, ...(picture?.problems ?? [])]);
    this.#rows.push({
      ...row,
      results: this.#pairs(value),
      timesMs,
      smoothed: this.#pairs(smoothed),
      doubts: [...doubts].map((doubt) => this.#doubts.indexOf(doubt)),
    });
    if (nv12 === undefined) return;
    const { widthPx, heightPx, range, resizeMode } = this.#preprocess;
    await this.#thumbnails.add(source, sequence, () => ({
      picture: { rgb: nv12ToRgb(nv12, widthPx, heightPx, range), widthPx, heightPx },
      aspect: resizeMode === 'stretch' ? aspect : widthPx / heightPx || 1,
    }));
  }

  /** @param counts of the frames. @param info of the model that they went through. */
  async report(
    counts: FrameCounts,
    { isSimulated }: Pick<LoadedModelInfo, 'isSimulated'>,
    { changes, ...figures }: ReplayFigures,
  ): Promise<ReplayReport> {
    const frames = this.#columns(changes !== undefined, figures.regionCounts !== undefined);
    const stages = STAGES.map(([name]) => name);
    return {
      ...figures,
      isSimulated,
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
      changes: changes && [...changes].map(cameraChanges),
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
    const rows = this.#rows.toSorted((a, b) => a.sequence - b.sequence);
    const column = <Name extends keyof Row>(name: Name): Row[Name][] => rows.map((row) => row[name]);
    const [firstNs = 0n, ...otherNs] = column('logTimeNs');
    const startNs = otherNs.reduce((start, timeNs) => (timeNs < start ? timeNs : start), firstNs);
    const doubts = column('doubts');
    return {
      sequence: column('sequence'),
      camera: column('camera'),
      timeS: rows.map(({ logTimeNs }) => rounded(Number(logTimeNs - startNs) / 1e9, 4)),
      reason: column('reason'),
      results: column('results'),
      timesMs: column('timesMs'),
      smoothed: isSmoothed ? column('smoothed') : undefined,
      doubts: doubts.some((some) => some.length > 0) ? doubts : undefined,
      regions: hasRegions ? column('regions') : undefined,
    };
  }
}

function cameraChanges([camera, { raw, smoothed }]: readonly [string, SourceChanges]) {
  return {
    camera,
    raw: raw.changes,
    rawPerMinute: rounded(raw.perMinute, 1),
    smoothed: smoothed.changes,
    smoothedPerMinute: rounded(smoothed.perMinute, 1),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
