import type { Tensor } from 'onnxruntime-node';
import { float16ToFloat32 } from '../../core/float16.js';
import type { GraphContract } from './checkGraph.js';
import { countOf } from './graphFault.js';
import type { InputTensor } from './InputTensor.js';
import type { OrtModule } from './loadRuntime.js';

/** What a run of some frames reads and writes; reused, so that runs allocate no memory for scores. */
export interface RunTensors {
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly fetches: Readonly<Record<string, Tensor>>;
  /** One entry per frame. */
  readonly logits: readonly Float32Array[];
  /** Call this after each run: makes {@link logits} valid. */
  finish(): void;
}

/**
 * @param first the frames' first place in the input.
 * @param count their number.
 */
export function runTensors(
  ort: OrtModule,
  { data }: InputTensor,
  { inputName, inputShape, output }: GraphContract,
  outputShape: readonly number[],
  first: number,
  count: number,
): RunTensors {
  const ofAll = ([batch = 1, ...shape]: readonly number[]) => [count * batch, ...shape];
  const frameValues = countOf(inputShape);
  const classCount = countOf(outputShape);
  const part = data.subarray(first * frameValues, (first + count) * frameValues);
  const scores = new Float32Array(count * classCount);
  /** The output of a graph that gives float16. */
  const halves = output.type === 'float16' ? new Uint16Array(count * classCount) : undefined;
  return {
    feeds: { [inputName]: tensorOver(ort, part, ofAll(inputShape)) },
    fetches: { [output.name]: tensorOver(ort, halves ?? scores, ofAll(outputShape)) },
    logits: Array.from({ length: count }, (_, index) =>
      scores.subarray(index * classCount, (index + 1) * classCount),
    ),
    finish: () => {
      if (halves !== undefined) float16ToFloat32(halves, scores);
    },
  };
}

export function tensorOver(ort: OrtModule, data: InputTensor['data'], shape: readonly number[]): Tensor {
  if (data instanceof Uint8Array) return new ort.Tensor('uint8', data, shape);
  if (data instanceof Uint16Array) return new ort.Tensor('float16', data, shape);
  return new ort.Tensor('float32', data, shape);
}
