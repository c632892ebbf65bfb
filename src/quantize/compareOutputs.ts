import { EffvitError } from '../core/EffvitError.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { topK } from '../pool/topK.js';
import { type InputNormalization, normalize } from './InputNormalization.js';
import type { LabelledPlanes } from './PicturePlanes.js';
import { cosineSimilarity } from './similarity.js';
import { throwIfCancelled } from './throwIfCancelled.js';
import { withRunners } from './withRunners.js';

/** Right answers in percent of the labelled pictures; null if no picture has a label. */
export interface ModelAccuracy {
  readonly top1Percent: number | null;
  readonly top5Percent: number | null;
}

/** Comparison of two models on the same pictures. */
export interface OutputComparison {
  readonly pictureCount: number;
  readonly labelledCount: number;
  readonly float: ModelAccuracy;
  readonly quantized: ModelAccuracy;
  /** Labelled pictures that only the float model has right. */
  readonly lostCount: number;
  /** Labelled pictures that only the quantised model has right. */
  readonly wonCount: number;
  /** Pictures for which both put the same class first. */
  readonly agreementPercent: number;
  /** Cosine similarity of the outputs, picture by picture. */
  readonly outputCosine: { readonly mean: number; readonly min: number };
}

export interface CompareOptions {
  readonly normalization: InputNormalization;
  /** Dimensions of the input. */
  readonly dims: readonly number[];
  readonly signal?: AbortSignal | undefined;
  readonly onPicture?: (done: number) => void;
}

/**
 * Compares any number of quantised models with one float model in one pass over the pictures.
 *
 * @returns one comparison for each quantised model, in their order
 * @throws EffvitError NOT_FOUND without pictures; OUT_OF_RANGE for a label beyond the classes; CANCELLED
 */
export async function compareOutputs(
  float: OnnxModel,
  quantized: readonly OnnxModel[],
  pictures: AsyncIterable<LabelledPlanes> | Iterable<LabelledPlanes>,
  options: CompareOptions,
): Promise<OutputComparison[]> {
  return withRunners([float, ...quantized], async ([floatRunner, ...runners]) => {
    if (floatRunner === undefined) throw new RangeError('There is a runner for every model.');
    const tallies = runners.map(() => new OutputTally());
    let pictureCount = 0;
    for await (const picture of pictures) {
      throwIfCancelled(options.signal);
      const input = normalize(picture, options.normalization, options.dims);
      const reference = await floatRunner.runForOutput(input);
      for (const [index, runner] of runners.entries()) {
        tallies[index]?.add(reference, await runner.runForOutput(input), picture);
      }
      pictureCount++;
      options.onPicture?.(pictureCount);
    }
    if (pictureCount > 0) return tallies.map((tally) => tally.comparison);
    throw new EffvitError(
      'NOT_FOUND',
      'There is no picture to compare the models on: name a list with some.',
    );
  });
}

/** Counts what a quantised model's outputs have in common with the float model's. */
export class OutputTally {
  readonly #float = { top1: 0, top5: 0 };
  readonly #quantized = { top1: 0, top5: 0 };
  #pictureCount = 0;
  #labelledCount = 0;
  #agreed = 0;
  #lost = 0;
  #won = 0;
  #cosineSum = 0;
  #cosineMin = 1;

  add(float: Float32Array, quantized: Float32Array, picture: LabelledPlanes): void {
    const [floatBest, quantizedBest] = [bestFive(float), bestFive(quantized)];
    const cosine = cosineSimilarity(float, quantized);
    this.#pictureCount++;
    if (floatBest[0] === quantizedBest[0]) this.#agreed++;
    this.#cosineSum += cosine;
    this.#cosineMin = Math.min(this.#cosineMin, cosine);
    const label = labelOf(picture, float.length);
    if (label === undefined) return;
    this.#labelledCount++;
    for (const [counts, best] of [
      [this.#float, floatBest],
      [this.#quantized, quantizedBest],
    ] as const) {
      if (best[0] === label) counts.top1++;
      if (best.includes(label)) counts.top5++;
    }
    if (floatBest[0] === label && quantizedBest[0] !== label) this.#lost++;
    if (floatBest[0] !== label && quantizedBest[0] === label) this.#won++;
  }

  get comparison(): OutputComparison {
    return {
      pictureCount: this.#pictureCount,
      labelledCount: this.#labelledCount,
      float: accuracyOf(this.#float, this.#labelledCount),
      quantized: accuracyOf(this.#quantized, this.#labelledCount),
      lostCount: this.#lost,
      wonCount: this.#won,
      agreementPercent: (100 * this.#agreed) / this.#pictureCount,
      outputCosine: { mean: this.#cosineSum / this.#pictureCount, min: this.#cosineMin },
    };
  }
}

function bestFive(output: Float32Array): number[] {
  // The order is the same for logits and probabilities.
  return topK(output, 5, 'probabilities').map((entry) => entry.index);
}

function labelOf({ label, source }: LabelledPlanes, classCount: number): number | undefined {
  if (label === undefined || (Number.isInteger(label) && label >= 0 && label < classCount)) return label;
  throw new EffvitError(
    'OUT_OF_RANGE',
    `${source} has the class ${label}, but the model knows 0 to ${classCount - 1}.`,
    { context: { source } },
  );
}

function accuracyOf({ top1, top5 }: { top1: number; top5: number }, count: number): ModelAccuracy {
  if (count === 0) return { top1Percent: null, top5Percent: null };
  return { top1Percent: (100 * top1) / count, top5Percent: (100 * top5) / count };
}
