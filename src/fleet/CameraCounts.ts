import type { ClassResult } from '../classify/ClassResult.js';
import { type EvaluationReport, EvaluationTally } from '../classify/EvaluationTally.js';
import type { RegionResult } from '../classify/RegionResult.js';
import { defined } from '../core/defined.js';
import { DROP_CAUSES } from '../stats/FrameAccounting.js';
import { type CameraResult, type ClassCount, SCORE_UNITS } from './BagResult.js';
import { compareTexts } from './FleetBag.js';

/** Counts of one camera, or of many: only integers are added, so the order has no effect. */
export class CameraCounts {
  received = 0;
  published = 0;
  readonly dropped = new Map<string, number>();
  #unnamed = 0;
  readonly #unknown = new Map<string, number>();
  #regions: { classified: number; readonly unknown: Map<string, number> } | undefined;
  #changes: { raw: number; smoothed: number; spanMs: number } | undefined;
  readonly #classes = new Map<number, { readonly label: string; frames: number; scoreSum: number }>();
  readonly #accuracy: EvaluationTally;

  /** @param labels of the model. */
  constructor(labels: readonly string[]) {
    this.#accuracy = new EvaluationTally(labels);
  }

  /** Counts a classified frame. @param truth index of its true class, if it is known. */
  addFrame(results: readonly ClassResult[], unknownCauses: readonly string[], truth?: number): void {
    this.#addBest(results);
    for (const cause of unknownCauses) count(this.#unknown, cause);
    if (truth !== undefined) this.#accuracy.add(truth, results);
  }

  /** Counts a frame whose regions were classified. */
  addRegions(regions: readonly RegionResult[]): void {
    this.#regions ??= { classified: 0, unknown: new Map() };
    for (const region of regions) {
      if (region.kind === 'unknown') count(this.#regions.unknown, region.cause);
      else {
        this.#regions.classified += 1;
        this.#addBest(region.value);
      }
    }
  }

  /** Adds the counts of a camera. */
  add({ changes, regions, accuracy, ...camera }: CameraResult): void {
    this.received += camera.received;
    this.published += camera.published;
    this.#unnamed += camera.unnamed;
    addCounts(this.dropped, camera.dropped);
    addCounts(this.#unknown, camera.unknown);
    if (regions !== undefined) {
      this.#regions ??= { classified: 0, unknown: new Map() };
      this.#regions.classified += regions.classified;
      addCounts(this.#regions.unknown, regions.unknown);
    }
    if (changes !== undefined) {
      this.#changes ??= { raw: 0, smoothed: 0, spanMs: 0 };
      this.#changes.raw += changes.raw;
      this.#changes.smoothed += changes.smoothed;
      this.#changes.spanMs += changes.spanMs;
    }
    for (const one of camera.classes) this.#addClass(one);
    if (accuracy !== undefined) this.#accuracy.addCounts(accuracy);
  }

  /** The counts as plain data, whose bytes do not depend on the order in which they were added. */
  result(topic: string, changes: CameraResult['changes'] = this.#changes): CameraResult {
    const regions = this.#regions;
    const accuracy = this.#accuracy.counts();
    return defined({
      topic,
      received: this.received,
      published: this.published,
      dropped: Object.fromEntries(
        DROP_CAUSES.flatMap((cause) => {
          const frames = this.dropped.get(cause);
          return frames === undefined ? [] : [[cause, frames]];
        }),
      ),
      unnamed: this.#unnamed,
      unknown: sortedCounts(this.#unknown),
      regions: regions && { classified: regions.classified, unknown: sortedCounts(regions.unknown) },
      changes,
      classes: [...this.#classes]
        .map(([index, one]) => ({ index, ...one }))
        .sort((a, b) => a.index - b.index),
      accuracy: accuracy.classes.length > 0 ? accuracy : undefined,
    });
  }

  /** Undefined if no true class was known. */
  accuracy(): EvaluationReport | undefined {
    const report = this.#accuracy.report();
    return report.pictures === 0 ? undefined : report;
  }

  #addBest([best]: readonly ClassResult[]): void {
    if (best === undefined) this.#unnamed += 1;
    else {
      const { index, label, score } = best;
      this.#addClass({ index, label, frames: 1, scoreSum: Math.round(score * SCORE_UNITS) });
    }
  }

  #addClass({ index, label, frames, scoreSum }: ClassCount): void {
    const known = this.#classes.get(index) ?? { label, frames: 0, scoreSum: 0 };
    this.#classes.set(index, known);
    known.frames += frames;
    known.scoreSum += scoreSum;
  }
}

/** Mean of the best scores of all frames with a class, 0 to 1; undefined without such a frame. */
export function meanScore(classes: readonly ClassCount[]): number | undefined {
  const frames = totalOf(classes, (one) => one.frames);
  return frames === 0
    ? undefined
    : rounded(totalOf(classes, ({ scoreSum }) => scoreSum) / SCORE_UNITS / frames, 4);
}

/** The classes of most frames first. */
export function mostFrequent(classes: readonly ClassCount[]): readonly ClassCount[] {
  return [...classes].sort((a, b) => b.frames - a.frames || a.index - b.index);
}

/** Adds to the count of a key. */
export function count<Key>(counts: Map<Key, number>, key: Key, more = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + more);
}

export function addCounts(counts: Map<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [cause, frames] of Object.entries(more)) count(counts, cause, frames);
}

/** Counts by cause as plain data, whose bytes do not depend on the order in which the causes occurred. */
export function sortedCounts(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort(([a], [b]) => compareTexts(a, b)));
}

export function totalOf<Item>(items: readonly Item[], pick: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + pick(item), 0);
}

export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
