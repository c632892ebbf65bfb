import { EffvitError } from '../core/EffvitError.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { topK } from '../pool/topK.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { LabelledPlanes } from './FramePlanes.js';
import { type InputNormalization, normalize } from './InputNormalization.js';
import { type FloatValue, throwIfCancelled, withRunners } from './OrtRunner.js';

/** Right answers in percent of the labelled pictures; null if no picture has a label. */
export interface ModelAccuracy {
  readonly top1Percent: number | null;
  readonly top5Percent: number | null;
}

/** Comparison of two models on the same pictures. */
export type OutputComparison = OutputTally['comparison'];

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
  { normalization, dims, signal, onPicture }: CompareOptions,
): Promise<OutputComparison[]> {
  return withRunners([float, ...quantized], async ([floatRunner, ...runners]) => {
    const tallies = runners.map((runner) => ({ runner, tally: new OutputTally() }));
    let pictureCount = 0;
    for await (const picture of pictures) {
      throwIfCancelled(signal);
      const input = normalize(picture, normalization, dims);
      const reference = await floatRunner.runForOutput(input);
      for (const { runner, tally } of tallies) {
        tally.add(reference, await runner.runForOutput(input), picture);
      }
      pictureCount++;
      onPicture?.(pictureCount);
    }
    if (pictureCount > 0) return tallies.map(({ tally }) => tally.comparison);
    throw new EffvitError(
      'NOT_FOUND',
      'There is no picture to compare the models on: name a list with some.',
    );
  });
}

/** Counts what a quantised model's outputs have in common with the float model's. */
export class OutputTally {
  readonly #cosines: number[] = [];
  /** Of each labelled picture: the place of its class among the five best of each model, -1 if it is none of them. */
  readonly #places: { readonly float: number; readonly quantized: number }[] = [];
  #agreed = 0;

  /** @throws EffvitError OUT_OF_RANGE for a label beyond the classes */
  add(float: Float32Array, quantized: Float32Array, { label, source }: LabelledPlanes): void {
    const best = { float: bestFive(float), quantized: bestFive(quantized) };
    this.#cosines.push(cosineSimilarity(float, quantized));
    if (best.float[0] === best.quantized[0]) this.#agreed++;
    if (label === undefined) return;
    if (!Number.isInteger(label) || label < 0 || label >= float.length) {
      throw new EffvitError(
        'OUT_OF_RANGE',
        `${source} has the class ${label}, but the model knows 0 to ${float.length - 1}.`,
        { context: { source } },
      );
    }
    this.#places.push({ float: best.float.indexOf(label), quantized: best.quantized.indexOf(label) });
  }

  get comparison() {
    const [cosines, places] = [this.#cosines, this.#places];
    const accuracyOf = (model: 'float' | 'quantized'): ModelAccuracy => {
      const percentWithin = (best: number): number | null => {
        const right = places.filter(({ [model]: place }) => place >= 0 && place < best);
        return places.length === 0 ? null : (100 * right.length) / places.length;
      };
      return { top1Percent: percentWithin(1), top5Percent: percentWithin(5) };
    };
    return {
      pictureCount: cosines.length,
      labelledCount: places.length,
      float: accuracyOf('float'),
      quantized: accuracyOf('quantized'),
      /** Labelled pictures that only the float model has right. */
      lostCount: places.filter(({ float, quantized }) => float === 0 && quantized !== 0).length,
      /** Labelled pictures that only the quantised model has right. */
      wonCount: places.filter(({ float, quantized }) => float !== 0 && quantized === 0).length,
      /** Pictures for which both put the same class first. */
      agreementPercent: (100 * this.#agreed) / cosines.length,
      /** Cosine similarity of the outputs, picture by picture. */
      outputCosine: {
        mean: cosines.reduce((a, b) => a + b, 0) / cosines.length,
        min: cosines.reduce((a, b) => Math.min(a, b), 1),
      },
    };
  }
}

function bestFive(output: Float32Array): number[] {
  // The order is the same for logits and probabilities.
  return topK(output, 5, 'probabilities').map((entry) => entry.index);
}

/** Cosine similarity of one node's output in the quantised and the float model, over all its values and pictures. */
export type NodeSimilarity = Awaited<ReturnType<typeof compareNodes>>[number];

/**
 * Runs both models with all their values exposed and compares them node by node, worst first. Nodes that the
 * quantised model lacks (a rectifier's predecessor, an identity) are omitted.
 *
 * @throws EffvitError CANCELLED, INFERENCE_FAILED
 */
export async function compareNodes(
  float: OnnxModel,
  quantized: OnnxModel,
  inputs: readonly FloatValue[],
  signal?: AbortSignal,
) {
  const made = new Set(quantized.graph.nodes.flatMap((node) => node.outputs));
  const pairs = float.graph.nodes.flatMap(({ name: node, opType, outputs: [value = ''] }) => {
    // What the readers of the value get in the quantised model, by the names that insertQuantization gives.
    const counterparts = [
      { counterpart: `${value}_dequantized`, precision: 'int8' },
      { counterpart: `${value}_int16_dequantized`, precision: 'int16' },
      { counterpart: value, precision: 'float' },
    ] as const;
    const found = counterparts.find(({ counterpart }) => made.has(counterpart));
    return value === '' || found === undefined
      ? []
      : [{ node, opType, value, ...found, sum: new CosineSum() }];
  });
  const values = [pairs.map(({ value }) => value), pairs.map(({ counterpart }) => counterpart)];
  await withRunners(
    [float, quantized],
    async ([floatRunner, runner]) => {
      for (const input of inputs) {
        throwIfCancelled(signal);
        const [left, right] = [await floatRunner.run(input), await runner.run(input)];
        for (const { value, counterpart, sum } of pairs) {
          const [a, b] = [left.get(value), right.get(counterpart)];
          if (a !== undefined && b !== undefined) sum.add(a.data, b.data);
        }
      }
    },
    values,
  );
  return pairs
    .map(({ node, opType, precision, sum }) => ({ node, opType, precision, cosine: sum.value }))
    .sort((a, b) => a.cosine - b.cosine);
}

/** Times of two models on this machine, one thread, run alternately under the same load. */
export type SpeedComparison = NonNullable<Awaited<ReturnType<typeof compareSpeed>>>;

/** Rounds that warm up caches and allocations. */
const WARM_UP_ROUNDS = 5;

/** Undefined if there is no input or no round. @throws EffvitError CANCELLED, INFERENCE_FAILED */
export async function compareSpeed(
  float: OnnxModel,
  quantized: OnnxModel,
  input: FloatValue | undefined,
  rounds: number,
  signal?: AbortSignal,
) {
  if (input === undefined || rounds === 0) return undefined;
  return withRunners([float, quantized], async (runners) => {
    const times: [number[], number[]] = [[], []];
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      throwIfCancelled(signal);
      for (const [index, runner] of runners.entries()) {
        const startNs = monotonicNs();
        await runner.run(input);
        const tookMs = (monotonicNs() - startNs) / 1e6;
        if (round >= 0) times[index]?.push(tookMs);
      }
    }
    return {
      rounds,
      floatMedianMs: median(times[0]),
      quantizedMedianMs: median(times[1]),
      /**
       * Above 1 the quantised model is faster. Both times of a round were taken under the same load: the median of
       * their ratio is steadier than the ratio of the medians.
       */
      ratio: median(times[0].map((time, round) => time / (times[1][round] ?? time))),
    };
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}

/** Sums for the cosine of the angle between two lists of numbers, which may come in parts. */
export class CosineSum {
  #product = 0;
  #left = 0;
  #right = 0;

  /** @throws RangeError if the lengths differ */
  add(left: Float32Array, right: Float32Array): void {
    if (left.length !== right.length) throw new RangeError(`${left.length} values against ${right.length}.`);
    for (let index = 0; index < left.length; index++) {
      const a = left[index] ?? 0;
      const b = right[index] ?? 0;
      this.#product += a * b;
      this.#left += a * a;
      this.#right += b * b;
    }
  }

  /** 1 for the same direction, also if both are all zeros; 0 if one of them is. */
  get value(): number {
    if (this.#left === 0 && this.#right === 0) return 1;
    if (this.#left === 0 || this.#right === 0) return 0;
    return Math.min(1, this.#product / Math.sqrt(this.#left * this.#right));
  }
}

export function cosineSimilarity(left: Float32Array, right: Float32Array): number {
  const sum = new CosineSum();
  sum.add(left, right);
  return sum.value;
}
