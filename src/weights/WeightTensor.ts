/** One tensor of a checkpoint, converted to float32. */
export interface WeightTensor {
  /** Empty for a scalar. */
  readonly dims: readonly number[];
  /** Row-major. float16 and bfloat16 are exact; float64 and integers are rounded. */
  readonly data: Float32Array;
  /** Type in the file, as safetensors names it: F32, F16, BF16, I64 ... */
  readonly storedAs: string;
}

/** The content of a file of weights. */
export interface WeightFile {
  readonly format: 'safetensors' | 'pytorch';
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** Free text that the writer added (safetensors `__metadata__`). */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Product of the lengths; 1 for a scalar. */
export function countElements(dims: readonly number[]): number {
  return dims.reduce((product, length) => product * length, 1);
}
