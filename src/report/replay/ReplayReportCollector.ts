import type { Classifier, ClassifyOutcome } from '../../classify/Classifier.js';
import { nv12ToRgb } from '../../image/nv12ToRgb.js';
import type { PreprocessOptions } from '../../image/PreprocessOptions.js';
import { DROP_CAUSES } from '../../stats/FrameAccounting.js';
import { latencyCurves, PERCENTS } from './latencyCurves.js';
import type { Fact, FrameColumns, ReplayReport } from './ReplayReport.js';
import { ThumbnailStrip } from './ThumbnailStrip.js';

/** One frame of a recording and what became of it, with the network's input if it has results. */
export interface CollectedFrame {
  readonly sequence: number;
  readonly logTimeNs: bigint;
  readonly outcome: ClassifyOutcome;
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
}

/** Gathers what a replay's report needs while it runs: a few numbers a frame and some thumbnails. */
export class ReplayReportCollector {
  readonly #preprocess: PreprocessOptions;
  readonly #cameras = new Names();
  readonly #labels = new Names();
  readonly #reasons = new Names();
  readonly #rows: CollectedRow[] = [];
  readonly #thumbnails = new ThumbnailStrip();

  /** @param preprocess how the network's inputs were made. */
  constructor(preprocess: PreprocessOptions) {
    this.#preprocess = preprocess;
  }

  async add({ sequence, logTimeNs, outcome }: CollectedFrame): Promise<void> {
    const { source } = outcome.header;
    const row = { sequence, logTimeNs, camera: this.#cameras.indexOf(source) };
    if (outcome.kind === 'dropped') {
      const reason =
        outcome.error === undefined ? outcome.cause : `${outcome.cause}: ${outcome.error.message}`;
      this.#rows.push({ ...row, reason: this.#reasons.indexOf(reason), results: [], timesMs: [] });
      return;
    }
    const { value, timings, nv12, widthPx, heightPx } = outcome;
    this.#rows.push({
      ...row,
      reason: -1,
      results: value.flatMap(({ label, score }) => [this.#labels.indexOf(label), rounded(score, 4)]),
      timesMs: STAGES.map(([, stage]) => rounded(timings[stage] / 1e6, 3)),
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

  /** @param classifier that the frames went through. @param about what it ran on, and how it was called. */
  async report(
    classifier: Pick<Classifier, 'counts' | 'info'>,
    about: {
      readonly title: string;
      readonly command: string;
      readonly facts: readonly Fact[];
      readonly fps: number;
    },
  ): Promise<ReplayReport> {
    const counts = classifier.counts();
    const frames = this.#columns();
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
      stages,
      frames,
      percents: PERCENTS,
      curves: latencyCurves(stages, frames.timesMs),
      thumbnails: await this.#thumbnails.sheets(),
    };
  }

  /** In the recording's order: outcomes of several cameras come in another one each time. */
  #columns(): FrameColumns {
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
    };
  }
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
