import type { ClassAccuracy, EvaluationReport } from '../classify/EvaluationTally.js';
import { defined } from '../core/defined.js';
import type { BagResult, CameraResult } from './BagResult.js';
import { addCounts, CameraCounts, count, meanScore, mostFrequent, rounded } from './CameraCounts.js';

/** Totals of several bags, or of one camera in them. */
export class FleetTotals {
  durationMs = 0;
  /** Messages of detectors that met no frame, by cause; of whole bags. */
  readonly unmatchedDetections = new Map<string, number>();
  #bags = 0;
  /** By index of the class. */
  readonly #bagsOfClass = new Map<number, number>();
  readonly #counts: CameraCounts;

  /** @param labels of the model. */
  constructor(labels: readonly string[]) {
    this.#counts = new CameraCounts(labels);
  }

  /** Adds a bag, or one of its cameras. Only integers are added, so the order has no effect. */
  add({ durationMs, unmatchedDetections = {} }: BagResult, cameras: readonly CameraResult[]): void {
    this.#bags += 1;
    this.durationMs += durationMs;
    addCounts(this.unmatchedDetections, unmatchedDetections);
    for (const camera of cameras) this.#counts.add(camera);
    const classes = new Set(cameras.flatMap((camera) => camera.classes.map(({ index }) => index)));
    for (const index of classes) count(this.#bagsOfClass, index);
  }

  framesJson() {
    const { received, published, dropped, unnamed, unknown, regions } = this.#counts.result('');
    return defined({ received, published, dropped, without_class: unnamed, unknown, regions });
  }

  /** Undefined if no bag had a truth. */
  accuracyJson() {
    const accuracy = this.#counts.accuracy();
    if (accuracy === undefined) return undefined;
    return {
      frames: accuracy.pictures,
      ...percentsJson(accuracy),
      confusions: accuracy.confusions.slice(0, 100),
    };
  }

  cameraJson(topic: string): Record<string, unknown> {
    const { classes, changes } = this.#counts.result(topic);
    const perMinute = (changed: number, spanMs: number): number =>
      spanMs === 0 ? 0 : rounded((changed * 60_000) / spanMs, 3);
    return {
      topic,
      bags: this.#bags,
      ...this.framesJson(),
      mean_score: meanScore(classes),
      changes_per_minute: changes && {
        raw: perMinute(changes.raw, changes.spanMs),
        smoothed: perMinute(changes.smoothed, changes.spanMs),
      },
      ...judgedJson(this.#counts.accuracy()),
      classes: mostFrequent(classes).map(({ label, frames }) => ({ label, frames })),
    };
  }

  /** Every class that was the best of a frame, most frames first, then those that are only the true class of one. */
  classesJson(): Record<string, unknown>[] {
    const truths = new Map(this.#counts.accuracy()?.classes.map((one) => [one.index, one]));
    const seen = mostFrequent(this.#counts.result('').classes).map((one) => ({
      index: one.index,
      label: one.label,
      frames: one.frames,
      bags: this.#bagsOfClass.get(one.index),
      mean_score: meanScore([one]),
      ...judgedJson(truths.get(one.index)),
    }));
    for (const { index } of seen) truths.delete(index);
    const unseen = [...truths.values()]
      .sort((a, b) => a.index - b.index)
      .map((truth) => ({ index: truth.index, label: truth.label, frames: 0, bags: 0, ...judgedJson(truth) }));
    return [...seen, ...unseen];
  }
}

type Accuracy = Pick<ClassAccuracy & EvaluationReport, 'pictures' | 'top1Percent' | 'top5Percent'>;

function judgedJson(accuracy: Accuracy | undefined) {
  return accuracy && { judged: accuracy.pictures, ...percentsJson(accuracy) };
}

export function percentsJson({ top1Percent, top5Percent }: Accuracy) {
  return { top1_percent: rounded(top1Percent, 3), top5_percent: rounded(top5Percent, 3) };
}
