import { topK } from '../../classify/topK.js';
import { EffvitError } from '../../core/EffvitError.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { type InputNormalization, normalize } from './InputNormalization.js';
import { OrtRunner } from './OrtRunner.js';
import type { LabelledPlanes } from './PicturePlanes.js';
import { cosineSimilarity } from './similarity.js';
import { throwIfCancelled } from './throwIfCancelled.js';

/** Right answers in percent of the labelled pictures; null where no picture has a label. */
export interface ModelAccuracy {
  readonly top1Percent: number | null;
  readonly top5Percent: number | null;
}

/** What two models say of the same pictures. */
export interface OutputComparison {
  readonly pictureCount: number;
  readonly labelledCount: number;
  readonly float: ModelAccuracy;
  readonly quantized: ModelAccuracy;
  /** Pictures for which both put the same class first. */
  readonly agreementPercent: number;
  /** Cosine similarity of the outputs, picture by picture. */
  readonly outputCosine: { readonly mean: number; readonly min: number };
}

export interface CompareOptions {
  readonly normalization: InputNormalization;
  /** Dimensions of the input. */
  readonly dims: readonly number[];
  readonly signal?: AbortSignal;
  readonly onPicture?: (done: number) => void;
}

/** @throws EffvitError NOT_FOUND without pictures; OUT_OF_RANGE for a label beyond the classes; CANCELLED */
export async function compareOutputs(
  float: OnnxModel,
  quantized: OnnxModel,
  pictures: AsyncIterable<LabelledPlanes> | Iterable<LabelledPlanes>,
  options: CompareOptions,
): Promise<OutputComparison> {
  const runners = [await OrtRunner.create(float)];
  try {
    runners.push(await OrtRunner.create(quantized));
    const tallies = [new Tally(), new Tally()];
    let pictureCount = 0;
    let agreed = 0;
    let cosineSum = 0;
    let cosineMin = 1;
    for await (const picture of pictures) {
      throwIfCancelled(options.signal);
      const input = normalize(picture, options.normalization, options.dims);
      const outputs = await Promise.all(runners.map((runner) => runner.runForOutput(input)));
      const firsts = outputs.map((output, index) => tallies[index]?.add(output, picture));
      const cosine = cosineSimilarity(outputs[0] ?? new Float32Array(), outputs[1] ?? new Float32Array());
      if (firsts[0] === firsts[1]) agreed++;
      cosineSum += cosine;
      cosineMin = Math.min(cosineMin, cosine);
      pictureCount++;
      options.onPicture?.(pictureCount);
    }
    if (pictureCount === 0) {
      throw new EffvitError(
        'NOT_FOUND',
        'There is no picture to compare the models on: name a list with some.',
      );
    }
    const [floatTally = new Tally(), quantizedTally = new Tally()] = tallies;
    return {
      pictureCount,
      labelledCount: floatTally.labelledCount,
      float: floatTally.accuracy,
      quantized: quantizedTally.accuracy,
      agreementPercent: (100 * agreed) / pictureCount,
      outputCosine: { mean: cosineSum / pictureCount, min: cosineMin },
    };
  } finally {
    for (const runner of runners) await runner.dispose();
  }
}

class Tally {
  labelledCount = 0;
  #top1 = 0;
  #top5 = 0;

  /** @returns the class that comes first */
  add(output: Float32Array, { label, source }: LabelledPlanes): number | undefined {
    // The order is the same for logits and probabilities.
    const best = topK(output, 5, 'probabilities').map((entry) => entry.index);
    if (label !== undefined) {
      if (!Number.isInteger(label) || label < 0 || label >= output.length) {
        throw new EffvitError(
          'OUT_OF_RANGE',
          `${source} has the class ${label}, but the model knows 0 to ${output.length - 1}.`,
        );
      }
      this.labelledCount++;
      if (best[0] === label) this.#top1++;
      if (best.includes(label)) this.#top5++;
    }
    return best[0];
  }

  get accuracy(): ModelAccuracy {
    if (this.labelledCount === 0) return { top1Percent: null, top5Percent: null };
    return {
      top1Percent: (100 * this.#top1) / this.labelledCount,
      top5Percent: (100 * this.#top5) / this.labelledCount,
    };
  }
}
