import type { Tensor } from 'onnxruntime-node';
import { float16ToFloat32 } from '../../core/float16.js';
import type { GraphContract } from './checkGraph.js';
import type { InputTensor } from './InputTensor.js';
import type { OrtModule } from './loadRuntime.js';

/** What a run of some frames reads and writes; reused, so that runs allocate no memory for scores. */
export class RunTensors {
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly fetches: Readonly<Record<string, Tensor>>;
  /** One entry per frame. */
  readonly logits: readonly Float32Array[];
  readonly #all: Float32Array<ArrayBuffer>;
  /** The output of a graph that gives float16. */
  readonly #halves: Uint16Array<ArrayBuffer> | undefined;

  /**
   * @param shapes of the input and the output of one frame.
   * @param places the frames' first place in the input, and their number.
   */
  constructor(
    ort: OrtModule,
    { data }: InputTensor,
    {
      inputName,
      output,
      ...shapes
    }: Omit<GraphContract, 'output'> & {
      readonly output: { readonly name: string; readonly type: string; readonly shape: readonly number[] };
    },
    { first, count }: { readonly first: number; readonly count: number },
  ) {
    const inputShape = [count * (shapes.inputShape[0] ?? 1), ...shapes.inputShape.slice(1)];
    const outputShape = [count * (output.shape[0] ?? 1), ...output.shape.slice(1)];
    const frameValues = lengthOf(shapes.inputShape);
    const classCount = lengthOf(output.shape);
    const part = data.subarray(first * frameValues, (first + count) * frameValues);
    this.feeds = { [inputName]: tensorOver(ort, part, inputShape) };
    this.#all = new Float32Array(count * classCount);
    this.#halves = output.type === 'float16' ? new Uint16Array(count * classCount) : undefined;
    this.fetches = { [output.name]: tensorOver(ort, this.#halves ?? this.#all, outputShape) };
    this.logits = Array.from({ length: count }, (_, index) =>
      this.#all.subarray(index * classCount, (index + 1) * classCount),
    );
  }

  /** Call this after each run: makes {@link logits} valid. */
  finish(): void {
    if (this.#halves !== undefined) float16ToFloat32(this.#halves, this.#all);
  }
}

function lengthOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

export function tensorOver(ort: OrtModule, data: InputTensor['data'], shape: readonly number[]): Tensor {
  if (data instanceof Uint8Array) return new ort.Tensor('uint8', data, shape);
  if (data instanceof Uint16Array) return new ort.Tensor('float16', data, shape);
  return new ort.Tensor('float32', data, shape);
}
