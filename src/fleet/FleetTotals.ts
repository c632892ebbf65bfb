import { type EvaluationReport, EvaluationTally } from '../classify/EvaluationTally.js';
import { DROP_CAUSES, type DropCause } from '../stats/FrameAccounting.js';
import type { BagResult, CameraResult } from './BagResult.js';
import { compareTexts } from './FleetBag.js';
import { sortedCounts } from './sortedCounts.js';

/** Boxes of detectors: how many were classified, and why others were not. */
export interface RegionTotals {
  readonly classified: number;
  readonly unknown: Readonly<Record<string, number>>;
}

/** Totals of several bags, or of one camera in them. */
export class FleetTotals {
  bags = 0;
  durationMs = 0;
  received = 0;
  published = 0;
  unnamed = 0;
  changes: { raw: number; smoothed: number; spanMs: number } | undefined;
  /** Boxes of detectors, if these were classified. */
  #regions: { classified: number; readonly unknown: Map<string, number> } | undefined;
  readonly #unmatchedDetections = new Map<string, number>();
  readonly #unknown = new Map<string, number>();
  readonly #dropped = new Map<DropCause, number>();
  readonly #classes = new Map<number, { label: string; frames: number; scoreSum: number; bags: number }>();
  #accuracy: EvaluationTally | undefined;

  /** Adds a bag, or one of its cameras. Only integers are added, so the order has no effect. */
  add({ durationMs, unmatchedDetections }: BagResult, cameras: readonly CameraResult[]): void {
    this.bags += 1;
    this.durationMs += durationMs;
    addCounts(this.#unmatchedDetections, unmatchedDetections ?? {});
    const indices = new Set<number>();
    for (const camera of cameras) {
      const { received, published, unnamed, dropped, classes, accuracy, unknown, changes, regions } = camera;
      this.received += received;
      this.published += published;
      this.unnamed += unnamed;
      addCounts(this.#unknown, unknown);
      if (regions !== undefined) {
        this.#regions ??= { classified: 0, unknown: new Map() };
        this.#regions.classified += regions.classified;
        addCounts(this.#regions.unknown, regions.unknown);
      }
      if (changes !== undefined) {
        this.changes ??= { raw: 0, smoothed: 0, spanMs: 0 };
        this.changes.raw += changes.raw;
        this.changes.smoothed += changes.smoothed;
        this.changes.spanMs += changes.spanMs;
      }
      for (const cause of DROP_CAUSES) {
        const count = dropped[cause] ?? 0;
        if (count > 0) this.#dropped.set(cause, (this.#dropped.get(cause) ?? 0) + count);
      }
      for (const { index, label, frames, scoreSum } of classes) {
        const known = this.#class(index, label);
        known.frames += frames;
        known.scoreSum += scoreSum;
        indices.add(index);
      }
      if (accuracy !== undefined) {
        this.#accuracy ??= new EvaluationTally([]);
        this.#accuracy.addCounts(accuracy);
      }
    }
    for (const index of indices) this.#class(index).bags += 1;
  }

  /** Causes that occurred. */
  dropped(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      DROP_CAUSES.flatMap((cause) => {
        const count = this.#dropped.get(cause);
        return count === undefined ? [] : [[cause, count]];
      }),
    );
  }

  /** Causes of UNKNOWN that occurred. */
  unknown(): Readonly<Record<string, number>> {
    return sortedCounts(this.#unknown);
  }

  /** The boxes of detectors; undefined if whole frames were classified. */
  regionCounts(): RegionTotals | undefined {
    if (this.#regions === undefined) return undefined;
    return { classified: this.#regions.classified, unknown: sortedCounts(this.#regions.unknown) };
  }

  /** Messages of detectors that met no frame, by cause; of whole bags. */
  unmatchedDetections(): Readonly<Record<string, number>> {
    return sortedCounts(this.#unmatchedDetections);
  }

  /** Most frames first. */
  classes(): readonly { index: number; label: string; frames: number; scoreSum: number; bags: number }[] {
    return [...this.#classes]
      .map(([index, { label, frames, scoreSum, bags }]) => ({ index, label, frames, scoreSum, bags }))
      .sort((a, b) => b.frames - a.frames || a.index - b.index);
  }

  /** Undefined if no bag had a truth. @param labels of the model. */
  accuracy(labels: readonly string[]): EvaluationReport | undefined {
    if (this.#accuracy === undefined) return undefined;
    const tally = new EvaluationTally(labels);
    tally.addCounts(this.#accuracy.counts());
    return tally.report();
  }

  #class(index: number, label = ''): { label: string; frames: number; scoreSum: number; bags: number } {
    const known = this.#classes.get(index) ?? { label, frames: 0, scoreSum: 0, bags: 0 };
    this.#classes.set(index, known);
    return known;
  }
}

function addCounts(totals: Map<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [cause, count] of Object.entries(counts)) totals.set(cause, (totals.get(cause) ?? 0) + count);
}

/** Cameras by their topics, sorted. */
export class CameraTotals {
  readonly #cameras = new Map<string, FleetTotals>();

  add(result: BagResult): void {
    for (const camera of result.cameras) {
      const totals = this.#cameras.get(camera.topic) ?? new FleetTotals();
      this.#cameras.set(camera.topic, totals);
      totals.add(result, [camera]);
    }
  }

  list(): readonly (readonly [topic: string, totals: FleetTotals])[] {
    return [...this.#cameras].sort(([a], [b]) => compareTexts(a, b));
  }
}

export function totalOf<Item>(items: readonly Item[], pick: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + pick(item), 0);
}
