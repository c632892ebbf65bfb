import { createHash } from 'node:crypto';
import type { ReplayedFrame } from '../bag/replayBag.js';
import type { ClassResult } from '../classify/ClassResult.js';
import type { UnmatchedView } from '../classify/DetectorPairings.js';
import { type EvaluationCounts, EvaluationTally } from '../classify/EvaluationTally.js';
import type { RegionResult } from '../classify/RegionResult.js';
import { ClassChanges, type SourceChanges } from '../classify/smoothing/ClassChanges.js';
import type { UnknownCause } from '../pool/FrameOutcome.js';
import type { RegionUnknownCause } from '../pool/RegionOutcome.js';
import { DROP_CAUSES, type DropCause } from '../stats/FrameAccounting.js';
import { type BagResult, type CameraResult, SCORE_UNITS } from './BagResult.js';
import type { BagTruth } from './BagTruth.js';
import { compareTexts } from './FleetBag.js';
import { sortedCounts } from './sortedCounts.js';

class CameraTally {
  received = 0;
  published = 0;
  unnamed = 0;
  readonly dropped = new Map<DropCause, number>();
  readonly unknown = new Map<UnknownCause, number>();
  regions: { classified: number; readonly unknown: Map<RegionUnknownCause, number> } | undefined;
  readonly classes = new Map<number, { label: string; frames: number; scoreSum: number }>();
  readonly accuracy: EvaluationTally;

  constructor(labels: readonly string[]) {
    this.accuracy = new EvaluationTally(labels);
  }

  addResult(results: readonly ClassResult[]): void {
    const [best] = results;
    if (best === undefined) {
      this.unnamed += 1;
      return;
    }
    const count = this.classes.get(best.index) ?? { label: best.label, frames: 0, scoreSum: 0 };
    this.classes.set(best.index, count);
    count.frames += 1;
    count.scoreSum += Math.round(best.score * SCORE_UNITS);
  }

  addRegions(regions: readonly RegionResult[]): void {
    this.regions ??= { classified: 0, unknown: new Map() };
    for (const region of regions) {
      if (region.kind === 'unknown') {
        this.regions.unknown.set(region.cause, (this.regions.unknown.get(region.cause) ?? 0) + 1);
      } else {
        this.regions.classified += 1;
        this.addResult(region.value);
      }
    }
  }
}

/** Drops that another run would not change. */
const CAUSES_OF_CONTENT: ReadonlySet<DropCause> = new Set(['bad_image', 'unmatched', 'closed']);

/** Sums up a bag's frames, in any order of their outcomes. */
export class BagTally {
  readonly #labels: readonly string[];
  readonly #truth: BagTruth | undefined;
  readonly #cameras = new Map<string, CameraTally>();
  readonly #digest = createHash('sha256');
  /** By place in the recording: frames that wait for earlier ones before they are added to the digest. */
  readonly #waiting = new Map<number, string>();
  #nextSequence = 0;
  readonly #changes = new ClassChanges();
  #firstNs: bigint | undefined;
  #lastNs: bigint | undefined;

  /** @param labels of the model. @param truth of the frames, if it is known. */
  constructor(labels: readonly string[], truth?: BagTruth) {
    this.#labels = labels;
    this.#truth = truth;
  }

  add({ sequence, logTimeNs, outcome }: ReplayedFrame): void {
    const { source, stamp } = outcome.header;
    const camera = this.#cameras.get(source) ?? new CameraTally(this.#labels);
    this.#cameras.set(source, camera);
    camera.received += 1;
    if (this.#firstNs === undefined || logTimeNs < this.#firstNs) this.#firstNs = logTimeNs;
    if (this.#lastNs === undefined || logTimeNs > this.#lastNs) this.#lastNs = logTimeNs;
    const place = [source, stamp.sec, stamp.nanosec];
    if (outcome.kind === 'dropped') {
      camera.dropped.set(outcome.cause, (camera.dropped.get(outcome.cause) ?? 0) + 1);
      this.#digestLine(sequence, [...place, outcome.cause]);
      return;
    }
    camera.published += 1;
    if (outcome.kind === 'regions') {
      camera.addRegions(outcome.regions);
      this.#digestLine(sequence, [...place, ...outcome.regions.flatMap(digestOfRegion)]);
      return;
    }
    camera.addResult(outcome.value);
    for (const cause of outcome.unknownCauses ?? []) {
      camera.unknown.set(cause, (camera.unknown.get(cause) ?? 0) + 1);
    }
    if (outcome.smoothed !== undefined) this.#changes.add(outcome.header, outcome);
    const truth = this.#truth?.classOf(source, stamp);
    if (truth !== undefined) camera.accuracy.add(truth, outcome.value);
    const [held] = outcome.smoothed ?? [];
    this.#digestLine(sequence, [
      ...place,
      ...outcome.value.flatMap(({ index, score }) => [index, score]),
      ...(held === undefined ? [] : ['smoothed', held.index, held.score]),
    ]);
  }

  #digestLine(sequence: number, line: readonly (string | number)[]): void {
    this.#waiting.set(sequence, `${JSON.stringify(line)}\n`);
    for (;;) {
      const next = this.#waiting.get(this.#nextSequence);
      if (next === undefined) return;
      this.#digest.update(next);
      this.#waiting.delete(this.#nextSequence);
      this.#nextSequence += 1;
    }
  }

  /** Frames that were dropped for a reason other than their content; another run may classify them. */
  get lost(): ReadonlyMap<DropCause, number> {
    const lost = new Map<DropCause, number>();
    for (const { dropped } of this.#cameras.values()) {
      for (const [cause, count] of dropped) {
        if (!CAUSES_OF_CONTENT.has(cause)) lost.set(cause, (lost.get(cause) ?? 0) + count);
      }
    }
    return lost;
  }

  /**
   * @param bag its content key.
   * @param warnings about missing parts.
   * @param unmatched of frames and detections; the frames are also counted as dropped.
   */
  result(bag: string, warnings: readonly string[], unmatched?: UnmatchedView): BagResult {
    const changes = this.#changes.bySource();
    const cameras = [...this.#cameras]
      .sort(([a], [b]) => compareTexts(a, b))
      .map(([topic, tally]) => cameraResult(topic, tally, changes.get(topic)));
    const durationNs = (this.#lastNs ?? 0n) - (this.#firstNs ?? 0n);
    return {
      version: 1,
      bag,
      durationMs: Math.round(Number(durationNs) / 1e6),
      cameras,
      framesSha256: this.#digest.copy().digest('hex'),
      ...unmatchedDetections(unmatched),
      warnings,
    };
  }
}

function digestOfRegion(region: RegionResult): (string | number)[] {
  const own =
    region.kind === 'unknown' ? [region.cause] : region.value.flatMap(({ index, score }) => [index, score]);
  const [held] = region.smoothed ?? [];
  return ['region', ...own, ...(held === undefined ? [] : ['smoothed', held.index, held.score])];
}

function unmatchedDetections(unmatched: UnmatchedView | undefined): Pick<BagResult, 'unmatchedDetections'> {
  const counts = Object.entries(unmatched?.detections ?? {}).filter(([, count]) => count > 0);
  return counts.length === 0 ? {} : { unmatchedDetections: Object.fromEntries(counts) };
}

function cameraResult(topic: string, tally: CameraTally, changes: SourceChanges | undefined): CameraResult {
  const counts: EvaluationCounts = tally.accuracy.counts();
  return {
    topic,
    received: tally.received,
    published: tally.published,
    dropped: Object.fromEntries(
      DROP_CAUSES.flatMap((cause) => {
        const count = tally.dropped.get(cause);
        return count === undefined ? [] : [[cause, count]];
      }),
    ),
    unnamed: tally.unnamed,
    unknown: sortedCounts(tally.unknown),
    ...(tally.regions !== undefined && {
      regions: { classified: tally.regions.classified, unknown: sortedCounts(tally.regions.unknown) },
    }),
    ...(changes !== undefined && {
      changes: {
        raw: changes.raw.changes,
        smoothed: changes.smoothed.changes,
        spanMs: Math.round(changes.spanNs / 1e6),
      },
    }),
    classes: [...tally.classes]
      .sort(([a], [b]) => a - b)
      .map(([index, { label, frames, scoreSum }]) => ({ index, label, frames, scoreSum })),
    ...(counts.classes.length > 0 && { accuracy: counts }),
  };
}
