import type { ClassResult } from './ClassResult.js';

/** Accuracy of one class. */
export interface ClassAccuracy {
  readonly index: number;
  readonly label: string;
  readonly pictures: number;
  readonly top1Percent: number;
  readonly top5Percent: number;
}

/** How often one class was classified as another. */
export interface ConfusionPair {
  readonly truth: string;
  readonly predicted: string;
  readonly pictures: number;
}

export interface EvaluationReport {
  readonly pictures: number;
  readonly top1Percent: number;
  readonly top5Percent: number;
  /** Worst first. */
  readonly classes: readonly ClassAccuracy[];
  /** Most frequent first. */
  readonly confusions: readonly ConfusionPair[];
}

/** The counts as plain data; counts of several sets can be added. */
export interface EvaluationCounts {
  /** By index. */
  readonly classes: readonly (ClassCount & { readonly index: number })[];
  /** By true class, then by predicted class; indices. */
  readonly confusions: readonly ConfusionCount[];
}

interface ClassCount {
  pictures: number;
  top1: number;
  top5: number;
}

interface ConfusionCount {
  readonly truth: number;
  readonly predicted: number;
  pictures: number;
}

/** Counts right and wrong answers on labelled pictures. */
export class EvaluationTally {
  readonly #labels: readonly string[];
  readonly #classes = new Map<number, ClassCount>();
  readonly #confusions = new Map<string, ConfusionCount>();

  /** @param labels one per class, in the order of the model's output. */
  constructor(labels: readonly string[]) {
    this.#labels = labels;
  }

  /** Counts one picture. `results`: best first, at least the first five for a true top-5. */
  add(truthIndex: number, results: readonly ClassResult[]): void {
    const count = this.#class(truthIndex);
    count.pictures++;
    const rank = results.findIndex((result) => result.index === truthIndex);
    if (rank === 0) count.top1++;
    if (rank >= 0 && rank < 5) count.top5++;
    const first = results[0];
    if (first === undefined || rank === 0) return;
    this.#confusion(truthIndex, first.index).pictures++;
  }

  /** Adds what another tally of the same model counted. */
  addCounts({ classes, confusions }: EvaluationCounts): void {
    for (const { index, pictures, top1, top5 } of classes) {
      const count = this.#class(index);
      count.pictures += pictures;
      count.top1 += top1;
      count.top5 += top5;
    }
    for (const { truth, predicted, pictures } of confusions)
      this.#confusion(truth, predicted).pictures += pictures;
  }

  counts(): EvaluationCounts {
    return {
      classes: [...this.#classes]
        .map(([index, count]) => ({ index, ...count }))
        .sort((a, b) => a.index - b.index),
      confusions: [...this.#confusions.values()]
        .map((pair) => ({ ...pair }))
        .sort((a, b) => a.truth - b.truth || a.predicted - b.predicted),
    };
  }

  report(): EvaluationReport {
    const counts = [...this.#classes.values()];
    const sum = (key: keyof ClassCount): number => counts.reduce((total, count) => total + count[key], 0);
    const pictures = sum('pictures');
    return {
      pictures,
      top1Percent: percent(sum('top1'), pictures),
      top5Percent: percent(sum('top5'), pictures),
      classes: [...this.#classes]
        .map(([index, count]) => ({
          index,
          label: this.#label(index),
          pictures: count.pictures,
          top1Percent: percent(count.top1, count.pictures),
          top5Percent: percent(count.top5, count.pictures),
        }))
        .sort((a, b) => a.top1Percent - b.top1Percent || a.index - b.index),
      confusions: [...this.#confusions.values()]
        .sort((a, b) => b.pictures - a.pictures || a.truth - b.truth || a.predicted - b.predicted)
        .map(({ truth, predicted, pictures: times }) => ({
          truth: this.#label(truth),
          predicted: this.#label(predicted),
          pictures: times,
        })),
    };
  }

  #class(index: number): ClassCount {
    const count = this.#classes.get(index) ?? { pictures: 0, top1: 0, top5: 0 };
    this.#classes.set(index, count);
    return count;
  }

  #confusion(truth: number, predicted: number): ConfusionCount {
    const key = `${truth}>${predicted}`;
    const pair = this.#confusions.get(key) ?? { truth, predicted, pictures: 0 };
    this.#confusions.set(key, pair);
    return pair;
  }

  #label(index: number): string {
    return this.#labels[index] ?? `class_${index}`;
  }
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}
